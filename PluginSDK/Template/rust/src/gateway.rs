//! The part of the plugin ABI that this plugin uses, as in PluginSDK/C/include/gateway.
//!
//! Tables are declared up to the last member that is used: they only ever grow at their ends.
#![allow(dead_code)]

use std::ffi::c_void;

pub const OK: i32 = 0;
pub const E_LIMIT: i32 = -4;
pub const E_CONFIG: i32 = -8;
pub const E_UNSUPPORTED: i32 = -10;
pub const RESPOND: i32 = 6;
pub const BOOT_SCAN: u32 = 1;
pub const DIRECTIVE_MATCHER: u32 = 1;
pub const FIELD_CONTENT_TYPE: u16 = 11;
pub const JSON_STRING: u32 = 3;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct View {
    pub ptr: *const u8,
    pub len: usize,
}

impl View {
    pub const fn of(text: &'static str) -> View {
        View { ptr: text.as_ptr(), len: text.len() }
    }

    /// # Safety
    /// The bytes must live as long as the result is used.
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.len == 0 { &[] } else { std::slice::from_raw_parts(self.ptr, self.len) }
    }
}

/// Tables hold pointers to static data and functions only.
#[repr(transparent)]
pub struct Static<T>(pub T);
unsafe impl<T> Sync for Static<T> {}

#[repr(C)]
pub struct Diag {
    pub struct_size: u32,
    pub rev: u32,
    pub code: i32,
    pub http_status: u32,
    pub message: View,
    pub hint: View,
    pub token: u32,
    pub reserved: u32,
}

impl Diag {
    pub fn new(code: i32, message: &'static str, token: u32) -> Diag {
        let size = std::mem::size_of::<Diag>() as u32;
        let (message, hint) = (View::of(message), View::of(""));
        Diag { struct_size: size, rev: 0, code, http_status: 0, message, hint, token, reserved: 0 }
    }
}

#[repr(C)]
pub struct Boot {
    pub struct_size: u32,
    pub rev: u32,
    pub abi_minor: u32,
    pub flags: u32,
    pub host_name: View,
    pub host_version: View,
    pub iface: unsafe extern "C" fn(View) -> *const c_void,
    pub fail: unsafe extern "C" fn(*const Diag),
}

#[repr(C)]
pub struct Plugin {
    pub struct_size: u32,
    pub rev: u32,
    pub abi_min_minor: u32,
    pub abi_built_minor: u32,
    pub name: View,
    pub version: View,
    pub modules: *const *const Module,
    pub module_count: u32,
    pub reserved: u32,
    pub init: Option<unsafe extern "C" fn() -> i32>,
    pub fini: Option<unsafe extern "C" fn()>,
}

#[repr(C)]
pub struct Module {
    pub struct_size: u32,
    pub rev: u32,
    pub id: View,
    pub kind: View,
    pub instance_ops: *const InstanceOps,
    pub kind_ops: *const c_void,
    pub directives: *const *const Directive,
    pub directive_count: u32,
    pub state_size: u32,
    pub state_align: u32,
    pub flags: u32,
}

#[repr(C)]
pub struct InstanceOps {
    pub struct_size: u32,
    pub rev: u32,
    pub create: unsafe extern "C" fn(*mut c_void, View, *mut *mut c_void) -> i32,
    pub provision: Option<unsafe extern "C" fn(*mut c_void, *mut c_void) -> i32>,
    pub validate: Option<unsafe extern "C" fn(*mut c_void, *mut c_void) -> i32>,
    pub cleanup: unsafe extern "C" fn(*mut c_void),
}

#[repr(C)]
pub struct HandlerOps {
    pub struct_size: u32,
    pub rev: u32,
    pub on_request: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void) -> i32>,
}

#[repr(C)]
pub struct Directive {
    pub struct_size: u32,
    pub rev: u32,
    pub name: View,
    pub order: View,
    pub flags: u32,
    pub reserved: u32,
    pub doc: View,
    pub parse: unsafe extern "C" fn(*const DirectiveCall, *mut c_void) -> i32,
}

#[repr(C)]
pub struct Token {
    pub text: View,
    pub line: u32,
    pub flags: u32,
    pub depth: u32,
    pub reserved: u32,
}

#[repr(C)]
pub struct DirectiveCall {
    pub struct_size: u32,
    pub rev: u32,
    pub tokens: *const Token,
    pub token_count: usize,
}

type Unused = Option<unsafe extern "C" fn()>;

#[repr(C)]
pub struct HostCore {
    pub struct_size: u32,
    pub rev: u32,
    log: [Unused; 4],
    pub fail: unsafe extern "C" fn(*mut c_void, *const Diag),
    warn: Unused,
    pub out_write: unsafe extern "C" fn(*mut c_void, View) -> i32,
}

#[repr(C)]
pub struct HostAdapt {
    pub struct_size: u32,
    pub rev: u32,
    pub fail: unsafe extern "C" fn(*const DirectiveCall, *const Diag),
}

#[repr(C)]
pub struct HostHTTP {
    pub struct_size: u32,
    pub rev: u32,
    field_id: [Unused; 2],
    pub field_set: unsafe extern "C" fn(*mut c_void, u16, View) -> i32,
    fields: [Unused; 11],
    pub template_compile: unsafe extern "C" fn(*mut c_void, View, u32, *mut u32) -> i32,
    pub template_eval: unsafe extern "C" fn(*mut c_void, u32, *mut View) -> i32,
    alloc: Unused,
    pub response: unsafe extern "C" fn(*mut c_void, u16) -> *mut Response,
    pub respond: unsafe extern "C" fn(*mut c_void, View) -> i32,
}

#[repr(C)]
pub struct HostJSON {
    pub struct_size: u32,
    pub rev: u32,
    pub open: unsafe extern "C" fn(View, *mut u32) -> i32,
    pub get: unsafe extern "C" fn(u32, View, *mut JSONValue) -> i32,
    name: Unused,
    pub close: unsafe extern "C" fn(u32),
}

#[repr(C)]
pub struct JSONValue {
    pub struct_size: u32,
    pub rev: u32,
    pub kind: u32,
    pub count: u32,
    pub text: View,
    pub integer: i64,
    pub number: f64,
}

impl JSONValue {
    pub fn new() -> JSONValue {
        let (struct_size, text) = (std::mem::size_of::<JSONValue>() as u32, View::of(""));
        JSONValue { struct_size, rev: 0, kind: 0, count: 0, text, integer: 0, number: 0.0 }
    }
}

/// A response begins with its sizes and then its fields, which `field_set` wants.
#[repr(C)]
pub struct Response {
    pub struct_size: u32,
    pub rev: u32,
    pub fields: [u64; 5],
}
