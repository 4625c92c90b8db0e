//! whoami [<matcher>]: answers with the request as the gateway sees it, as JSON.
mod abi;
use abi::*;
use std::ffi::c_void;
use std::mem::size_of;
use std::sync::atomic::{AtomicPtr, Ordering};

#[cfg_attr(target_os = "linux", link_section = ".gwmanifest")]
#[used]
static MANIFEST: [u8; include_bytes!("../manifest.json").len()] =
    *include_bytes!("../manifest.json");

// Tables of the host, set by the entry point before anything else runs. The manifest names both
// as needed, so they are there.
static CORE: AtomicPtr<HostCore> = AtomicPtr::new(std::ptr::null_mut());
static HTTP: AtomicPtr<HostHttp> = AtomicPtr::new(std::ptr::null_mut());

fn core() -> &'static HostCore {
    unsafe { &*CORE.load(Ordering::Relaxed) }
}
fn http() -> &'static HostHttp {
    unsafe { &*HTTP.load(Ordering::Relaxed) }
}

/// Appends a JSON string; bytes that are no UTF-8 become U+FFFD.
fn quote(json: &mut String, bytes: &[u8]) {
    json.push('"');
    for c in String::from_utf8_lossy(bytes).chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            c if c < ' ' => json.push_str(&format!("\\u{:04x}", c as u32)),
            c => json.push(c),
        }
    }
    json.push('"');
}

fn describe(req: &Request) -> String {
    let mut json = String::from("{");
    for (name, value) in [("method", req.method), ("uri", req.uri), ("client_ip", req.client_ip)] {
        json.push_str(&format!("\"{name}\":"));
        quote(&mut json, req.fields.text(value));
        json.push(',');
    }
    json.push_str("\"fields\":[");
    for (index, line) in req.fields.lines().iter().enumerate() {
        json.push_str(if index > 0 { ",[" } else { "[" });
        quote(&mut json, req.fields.text(line.name));
        json.push(',');
        quote(&mut json, req.fields.text(line.value));
        json.push(']');
    }
    json + "]}\n"
}

extern "C" fn on_request(_: *mut c_void, req: *mut Request, _: *mut c_void) -> i32 {
    let http = http();
    let body = describe(unsafe { &*req });
    let response = (http.response)(req, 200);
    if response.is_null() {
        return GW_E_LIMIT;
    }
    let fields = unsafe { &mut (*response).fields };
    let mut status = (http.field_set)(fields, GW_FIELD_CONTENT_TYPE, View::of("application/json"));
    if status == GW_OK {
        status = (http.respond)(req, View::borrowed(body.as_bytes()));
    }
    if status < 0 { status } else { GW_RESPOND }
}

extern "C" fn create(_: *mut c_void, _: View, _: *mut *mut c_void) -> i32 {
    GW_OK // nothing to configure
}
extern "C" fn cleanup(_: *mut c_void) {}

extern "C" fn parse(_: *const c_void, out: *mut c_void) -> i32 {
    (core().out_write)(out, View::of("{\"handler\":\"whoami\"}"))
}

static LIFE: InstanceOps = InstanceOps {
    struct_size: size_of::<InstanceOps>() as u32,
    rev: 0,
    create,
    provision: 0,
    validate: 0,
    cleanup,
};
static HOOKS: HandlerOps =
    HandlerOps { struct_size: size_of::<HandlerOps>() as u32, rev: 0, on_request };
static DIRECTIVE: Directive = Directive {
    struct_size: size_of::<Directive>() as u32,
    rev: 0,
    name: View::of("whoami"),
    order: View::of("before:respond"),
    flags: GW_DIRECTIVE_MATCHER,
    reserved: 0,
    doc: View::of("answers with the request as the gateway sees it"),
    parse,
};
static DIRECTIVES: [&Directive; 1] = [&DIRECTIVE];
static MODULE: Module = Module {
    struct_size: size_of::<Module>() as u32,
    rev: 0,
    id: View::of("http.handlers.whoami"),
    kind: View::of("gw.kind.http_handler/1"),
    instance_ops: &LIFE,
    kind_ops: &HOOKS,
    directives: DIRECTIVES.as_ptr(),
    directive_count: 1,
    state_size: 0,
    state_align: 1,
    flags: 0,
};
static MODULES: [&Module; 1] = [&MODULE];
static PLUGIN: Plugin = Plugin {
    struct_size: size_of::<Plugin>() as u32,
    rev: 0,
    abi_min_minor: 0,
    abi_built_minor: 0,
    name: View::of("whoami"),
    version: View::of("1.0.0"),
    modules: MODULES.as_ptr(),
    module_count: 1,
    reserved: 0,
    init: 0,
    fini: 0,
};

/// The one symbol that the host looks for.
#[no_mangle]
pub extern "C" fn gw_plugin_entry_v1(boot: &Boot) -> *const Plugin {
    CORE.store((boot.iface)(View::of("gw.core/1")) as *mut HostCore, Ordering::Relaxed);
    HTTP.store((boot.iface)(View::of("gw.http/1")) as *mut HostHttp, Ordering::Relaxed);
    &PLUGIN
}
