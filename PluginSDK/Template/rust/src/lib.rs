//! A plugin to copy: the directive "hello_rust" answers with a greeting. Needs no other crate.
mod gateway;

use gateway::*;
use std::ffi::c_void;
use std::mem::size_of;
use std::ptr::null;
use std::sync::OnceLock;

/// Readable without running the plugin.
#[used]
#[link_section = ".gwmanifest"]
static MANIFEST: [u8; include_bytes!("../manifest.json").len()] = *include_bytes!("../manifest.json");

/// The host's tables, valid as long as the process.
struct Host {
    core: &'static HostCore,
    http: &'static HostHTTP,
    adapt: &'static HostAdapt,
    json: &'static HostJSON,
}

unsafe impl Send for Host {}
unsafe impl Sync for Host {}
static HOST: OnceLock<Host> = OnceLock::new();

/// One use of the directive.
struct Hello {
    greeting: u32,
}

/// Reads {"greeting": "…"}.
unsafe extern "C" fn create(scope: *mut c_void, text: View, out: *mut *mut c_void) -> i32 {
    let Some(host) = HOST.get() else { return E_UNSUPPORTED };
    let fail = |message| {
        (host.core.fail)(scope, &Diag::new(E_CONFIG, message, 0));
        E_CONFIG
    };
    let mut document = 0;
    if (host.json.open)(text, &mut document) != OK {
        return fail("the configuration is no JSON");
    }
    let (mut whole, mut value) = (JSONValue::new(), JSONValue::new());
    (host.json.get)(document, View::of(""), &mut whole);
    let found = (host.json.get)(document, View::of("/greeting"), &mut value);
    let mut greeting = 0;
    let status = if found != OK || value.kind != JSON_STRING {
        fail("greeting is missing, expected a string")
    } else if whole.count != 1 {
        fail("unknown member, expected greeting only")
    } else {
        (host.http.template_compile)(scope, value.text, 0, &mut greeting)
    };
    (host.json.close)(document);
    if status == OK {
        *out = Box::into_raw(Box::new(Hello { greeting })).cast();
    }
    status
}

unsafe extern "C" fn cleanup(instance: *mut c_void) {
    if !instance.is_null() {
        drop(Box::from_raw(instance.cast::<Hello>()));
    }
}

unsafe extern "C" fn on_request(instance: *mut c_void, request: *mut c_void, _state: *mut c_void) -> i32 {
    let Some(host) = HOST.get() else { return E_UNSUPPORTED };
    let hello = &*instance.cast::<Hello>();
    let mut body = View::of("");
    let status = (host.http.template_eval)(request, hello.greeting, &mut body);
    if status < 0 {
        return status;
    }
    let response = (host.http.response)(request, 200);
    if response.is_null() {
        return E_LIMIT;
    }
    let fields = std::ptr::addr_of_mut!((*response).fields).cast();
    let kind = View::of("text/plain; charset=utf-8");
    let mut status = (host.http.field_set)(fields, FIELD_CONTENT_TYPE, kind);
    if status == OK {
        status = (host.http.respond)(request, body);
    }
    if status < 0 { status } else { RESPOND }
}

/// hello_rust [<matcher>] <greeting>
unsafe extern "C" fn parse(call: *const DirectiveCall, out: *mut c_void) -> i32 {
    let Some(host) = HOST.get() else { return E_UNSUPPORTED };
    let fail = |message, token| {
        (host.adapt.fail)(call, &Diag::new(E_CONFIG, message, token));
        E_CONFIG
    };
    let tokens = std::slice::from_raw_parts((*call).tokens, (*call).token_count);
    let [_, greeting] = tokens else { return fail("hello_rust expects one greeting", 0) };
    let text = greeting.text.bytes();
    if text.iter().any(|byte| *byte == b'"' || *byte == b'\\' || *byte < b' ') {
        return fail("a greeting holds no quotes, backslashes or line breaks", 1);
    }
    (host.core.out_write)(out, View::of(r#"{"handler":"hello_rust","greeting":""#));
    (host.core.out_write)(out, greeting.text);
    (host.core.out_write)(out, View::of(r#""}"#))
}

static INSTANCE: Static<InstanceOps> = Static(InstanceOps {
    struct_size: size_of::<InstanceOps>() as u32,
    rev: 0,
    create,
    provision: None,
    validate: None,
    cleanup,
});

static HOOKS: Static<HandlerOps> = Static(HandlerOps {
    struct_size: size_of::<HandlerOps>() as u32,
    rev: 0,
    on_request: Some(on_request),
});

static DIRECTIVE: Static<Directive> = Static(Directive {
    struct_size: size_of::<Directive>() as u32,
    rev: 0,
    name: View::of("hello_rust"),
    order: View::of("before:respond"),
    flags: DIRECTIVE_MATCHER,
    reserved: 0,
    doc: View::of("greets somebody"),
    parse,
});
static DIRECTIVES: Static<[*const Directive; 1]> = Static([&DIRECTIVE.0]);

static MODULE: Static<Module> = Static(Module {
    struct_size: size_of::<Module>() as u32,
    rev: 0,
    id: View::of("http.handlers.hello_rust"),
    kind: View::of("gw.kind.http_handler/1"),
    instance_ops: &INSTANCE.0,
    kind_ops: std::ptr::addr_of!(HOOKS).cast(),
    directives: &DIRECTIVES.0[0],
    directive_count: 1,
    state_size: 0,
    state_align: 1,
    flags: 0,
});
static MODULES: Static<[*const Module; 1]> = Static([&MODULE.0]);

static PLUGIN: Static<Plugin> = Static(Plugin {
    struct_size: size_of::<Plugin>() as u32,
    rev: 0,
    abi_min_minor: 0,
    abi_built_minor: 0,
    name: View::of("hello_rust"),
    version: View::of("1.0.0"),
    modules: &MODULES.0[0],
    module_count: 1,
    reserved: 0,
    init: None,
    fini: None,
});

unsafe fn table<T>(boot: &Boot, id: &'static str) -> Option<&'static T> {
    (boot.iface)(View::of(id)).cast::<T>().as_ref()
}

/// The one function that the host looks for.
///
/// # Safety
/// Called by the host, with its own table.
#[no_mangle]
pub unsafe extern "C" fn gw_plugin_entry_v1(boot: *const Boot) -> *const Plugin {
    let boot = &*boot;
    let tables = (table(boot, "gw.core/1"), table(boot, "gw.http/1"), table(boot, "gw.adapt/1"), table(boot, "gw.json/1"));
    if let (Some(core), Some(http), Some(adapt), Some(json)) = tables {
        let _ = HOST.set(Host { core, http, adapt, json });
        return &PLUGIN.0;
    }
    if boot.flags & BOOT_SCAN != 0 {
        return &PLUGIN.0;
    }
    (boot.fail)(&Diag::new(E_UNSUPPORTED, "this host lacks an interface that hello_rust needs", 0));
    null()
}
