// The dashboard: shows the state of the resolver as it changes. Every text goes in as text, never
// as markup: names, command lines and labels come from programs that anybody may have started.
"use strict";

const byId = (id) => document.getElementById(id);
let state = null;

/** An element with text or children. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") for (const [event, f] of Object.entries(value)) made.addEventListener(event, f);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const tag = (text, kind = "") => element("span", { class: `tag ${kind}` }, text);
const tags = (...list) => element("span", { class: "tags" }, ...list.filter(Boolean));
const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString();
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

// Talking to the gateway

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: { Accept: "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (response.ok) return text;
  let problem = text.trim() || `status ${response.status}`;
  try {
    const error = JSON.parse(text).error;
    const fields = Object.entries(error.fields ?? {}).map(([name, why]) => `${name} ${why}`);
    problem = fields.length ? fields.join(", ") : error.message;
  } catch {
    // It is no JSON: the text says it.
  }
  throw new Error(problem);
}

const mappingPath = (kind, key) => `/_api/${kind}/${encodeURIComponent(key)}`;

async function act(what, method, path, body) {
  try {
    await call(method, path, body);
    say(what);
    await load();
  } catch (error) {
    say(error.message);
  }
}

let silence;
function say(text) {
  const message = byId("message");
  message.textContent = text;
  message.hidden = false;
  clearTimeout(silence);
  silence = setTimeout(() => (message.hidden = true), 4000);
}

// What is shown

async function load() {
  state = JSON.parse(await call("GET", "/_api/state"));
  show();
}

function show() {
  const filter = byId("filter").value.trim().toLowerCase();
  const fits = (entry) => !filter || JSON.stringify(entry).toLowerCase().includes(filter);
  const processes = state.candidates.filter((c) => c.kind === "process");
  const containers = state.candidates.filter((c) => c.kind === "container");
  fill("route", "routes", state.routes, fits, routeCard, "No name was resolved yet", [
    "Open one, such as ",
    link("https://app.localhost/", "app.localhost"),
    ", or add a route.",
  ]);
  const found = (a, b) => Number(a.refused !== null) - Number(b.refused !== null) || a.port - b.port;
  fill("process", "processes", processes.sort(found), fits, processRow, "No program listens here");
  fill("container", "containers", containers, fits, containerRow, "No container runs here", [
    engineText(),
  ]);
  fill("decision", "decisions", state.decisions, fits, decisionRow, "Nothing was decided yet");
  fill("log", "log", state.logs, fits, logRow, "Nothing was logged yet");
  const facts = [
    ["Names", `*${state.hosts.join(", *")}`],
    ["Model", state.model_state === "on" ? state.model : state.model_state],
    ["Cache file", state.cache_file],
  ];
  byId("facts").replaceChildren(
    ...facts.map(([name, value]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, value)),
    ),
  );
}

function fill(list, tab, entries, fits, make, nothing, hint = []) {
  const shown = entries.filter(fits);
  byId(`tab-${tab}`).querySelector("b").textContent = entries.length || "";
  const empty = element("li", { class: "empty" }, element("strong", {}, nothing), ...hint);
  const none = element("li", { class: "empty" }, "Nothing fits the filter");
  const rows = shown.length ? shown.map(make) : [entries.length ? none : empty];
  keepFocus(() => byId(`${list}-list`).replaceChildren(...rows));
}

/** Rows are made anew when something changes; who is on a button stays on it. */
function keepFocus(change) {
  const id = document.activeElement?.dataset?.focus;
  change();
  if (id && document.activeElement === document.body) {
    document.querySelector(`[data-focus="${CSS.escape(id)}"]`)?.focus();
  }
}

function engineText() {
  const engines = state.engines.filter((engine) => engine.connected || engine.problem);
  if (!engines.length) return "No container engine was found.";
  return engines
    .map((e) => `${e.address}: ${e.connected ? "connected" : e.problem}`)
    .join("; ");
}

function link(address, text) {
  return element("a", { href: address, target: "_blank", rel: "noreferrer" }, text);
}

const address = (host) => `${location.protocol}//${host}${location.port ? `:${location.port}` : ""}/`;

function button(text, key, kind, act) {
  return element(
    "button",
    { class: `quiet ${kind}`, "data-focus": `${text} ${key}`, "aria-label": `${text} ${key}`, on: { click: act } },
    text,
  );
}

function routeCard(route) {
  const [host, service] = route.key.split(":");
  const name = service
    ? element("h2", {}, `${host} · ${service}`)
    : element("h2", {}, link(address(host), host));
  const states = { up: "up", waiting: "waiting", expired: "expired" };
  const where = route.type === "docker" ? `container ${route.target}, port ${route.port}` : route.workdir || route.target;
  const by = route.by || "file";
  return element(
    "li",
    { class: "card" },
    element("header", {}, name, tags(route.pinned && tag("pinned"), tag(states[route.state], route.state))),
    element("p", { class: "where" }, where),
    element(
      "p",
      { class: "why" },
      route.address ? `${route.address} · ` : "does not listen now · ",
      `${by}: ${route.reason || "no reason given"}`,
    ),
    element(
      "footer",
      {},
      button("Edit", route.key, "", () => edit(route)),
      button(route.pinned ? "Unpin" : "Pin", route.key, "", () =>
        act(route.pinned ? "Unpinned" : "Pinned", route.pinned ? "DELETE" : "PUT", mappingPath("pins", route.key)),
      ),
      button("Decide anew", route.key, "", () => decideAnew(route)),
      button("Delete", route.key, "danger", () => {
        if (confirm(`Delete the route of ${route.key}?`)) {
          act("Deleted", "DELETE", mappingPath("mappings", route.key));
        }
      }),
    ),
  );
}

async function decideAnew(route) {
  say(`Asking what ${route.key} means…`);
  try {
    const reply = JSON.parse(await call("POST", mappingPath("refresh", route.key)));
    say(reply.mapping ? `${route.key}: ${reply.mapping.llmReason}` : `No answer: ${reply.reason}`);
    await load();
  } catch (error) {
    say(error.message);
  }
}

function processRow(process) {
  return element(
    "li",
    { class: process.refused ? "off" : "" },
    element("span", { class: "lead" }, element("strong", {}, process.port)),
    element("span", { class: "title" }, process.command ?? "unknown program"),
    tags(process.refused ? tag(process.refused) : tag(process.bind ?? "")),
    process.args && element("span", { class: "more mono" }, process.args.slice(0, 300)),
    element("span", { class: "more" }, process.workdir ?? ""),
  );
}

function containerRow(container) {
  const compose = [container.compose_project, container.compose_service].filter(Boolean).join(" / ");
  return element(
    "li",
    { class: container.refused ? "off" : "" },
    element("span", { class: "lead" }, element("strong", {}, container.port)),
    element("span", { class: "title" }, container.name),
    tags(container.refused ? tag(container.refused) : container.addresses[0] && tag(container.addresses[0])),
    element("span", { class: "more mono" }, container.image),
    element("span", { class: "more" }, [compose, container.workdir].filter(Boolean).join(" · ")),
  );
}

function decisionRow(decision) {
  return element(
    "li",
    {},
    element("span", { class: "lead" }, clock(decision.time)),
    element("span", { class: "title" }, decision.key),
    tags(tag(decision.choice ? decision.by : `${decision.by}: none`, decision.choice ? "up" : "waiting")),
    decision.choice && element("span", { class: "more" }, decision.choice),
    element("span", { class: "more" }, `${decision.reason} · ${decision.ms} ms`),
  );
}

function logRow(record) {
  const fields = Object.entries(record.fields).map(([name, value]) => `${name}: ${value}`);
  return element(
    "li",
    {},
    element("span", { class: "lead" }, clock(record.time)),
    element("span", { class: "title" }, record.message),
    tags(tag(record.level, record.level)),
    fields.length ? element("span", { class: "more" }, fields.join(" · ")) : null,
  );
}

// Adding and changing

let edited = null;

function edit(route) {
  edited = route;
  byId("editor-title").textContent = route ? "Edit the route" : "Add a route";
  byId("edit-key").value = route?.key ?? "";
  byId("edit-key").readOnly = Boolean(route);
  byId("edit-pinned").checked = route?.pinned ?? false;
  byId("edit-problem").hidden = true;
  const offered = state.candidates.filter((candidate) => candidate.refused === null);
  const choices = offered.map((candidate) =>
    element("option", { value: candidate.id, selected: candidate.id === route?.candidate }, candidateText(candidate)),
  );
  const keep = route && !route.candidate;
  byId("edit-target").replaceChildren(
    ...(keep ? [element("option", { value: "" }, "as it is (does not listen now)")] : []),
    ...choices,
  );
  byId("edit-target").required = !keep;
  byId("editor").showModal();
}

function candidateText(candidate) {
  return candidate.kind === "container"
    ? `container ${candidate.name}, port ${candidate.port}`
    : `${candidate.port}  ${candidate.command ?? ""}  ${candidate.workdir ?? ""}`;
}

async function save(event) {
  event.preventDefault();
  const key = byId("edit-key").value.trim();
  const candidate = byId("edit-target").value;
  const pinned = byId("edit-pinned").checked;
  try {
    if (candidate) await call("PUT", mappingPath("mappings", key), { candidate, pinned });
    else await call(pinned ? "PUT" : "DELETE", mappingPath("pins", key));
    byId("editor").close();
    say("Saved");
    await load();
  } catch (error) {
    byId("edit-problem").textContent = error.message;
    byId("edit-problem").hidden = false;
  }
}

async function ask(event) {
  event.preventDefault();
  const host = byId("try-host").value.trim();
  const answer = byId("try-answer");
  try {
    const reply = JSON.parse(await call("POST", "/_api/resolve", { host }));
    const chosen = state.candidates.find((candidate) => candidate.id === reply.decision?.id);
    answer.textContent = chosen ? `${candidateText(chosen)}: ${reply.reason}` : `None: ${reply.reason}`;
  } catch (error) {
    answer.textContent = error.message;
  }
}

// Tabs

const tabList = [...document.querySelectorAll("[role=tab]")];

function choose(tab, isFocused = true) {
  for (const other of tabList) {
    const isChosen = other === tab;
    other.setAttribute("aria-selected", String(isChosen));
    other.tabIndex = isChosen ? 0 : -1;
    byId(other.getAttribute("aria-controls")).hidden = !isChosen;
  }
  if (isFocused) tab.focus();
  history.replaceState(null, "", `#${tab.getAttribute("aria-controls")}`);
}

for (const [index, tab] of tabList.entries()) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Home") choose(tabList[0]);
    else if (event.key === "End") choose(tabList.at(-1));
    else if (step) choose(tabList[(index + step + tabList.length) % tabList.length]);
    else return;
    event.preventDefault();
  });
}

// Live

function listen() {
  const events = new EventSource("/_api/events");
  const live = byId("live");
  const tell = (isOn, text) => {
    live.classList.toggle("on", isOn);
    live.querySelector("span").textContent = text;
  };
  events.addEventListener("change", () => {
    load().then(() => tell(true, "live"), (error) => tell(false, error.message));
  });
  events.onerror = () => tell(false, "connection lost, trying again");
}

byId("add").addEventListener("click", () => state && edit(null));
byId("edit").addEventListener("submit", save);
byId("edit-cancel").addEventListener("click", () => byId("editor").close());
byId("try").addEventListener("submit", ask);
byId("filter").addEventListener("input", () => state && show());
const wanted = tabList.find((tab) => `#${tab.getAttribute("aria-controls")}` === location.hash);
if (wanted) choose(wanted, false);
listen();
