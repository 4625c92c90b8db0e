//! The part of the ABI that this plugin uses, bound by hand from the headers in
//! PluginSDK/C/include/gateway. Tables may be longer than here: what follows is not looked at.
use std::ffi::c_void;

pub const GW_OK: i32 = 0;
pub const GW_E_LIMIT: i32 = -4;
pub const GW_RESPOND: i32 = 6;
pub const GW_DIRECTIVE_MATCHER: u32 = 1;
pub const GW_FIELD_CONTENT_TYPE: u16 = 11;

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
    pub fn borrowed(bytes: &[u8]) -> View {
        View { ptr: bytes.as_ptr(), len: bytes.len() }
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Ref {
    pub off: u32,
    pub len: u32,
}

#[repr(C)]
pub struct Field {
    pub name_id: u16,
    pub flags: u16,
    pub name: Ref,
    pub value: Ref,
}

#[repr(C)]
pub struct Fields {
    base: *const u8,
    block_size: u32,
    fields_off: u32,
    count: u32,
    capacity: u32,
    owner: *mut c_void,
}

impl Fields {
    pub fn text(&self, r: Ref) -> &[u8] {
        unsafe { std::slice::from_raw_parts(self.base.add(r.off as usize), r.len as usize) }
    }
    pub fn lines(&self) -> &[Field] {
        unsafe {
            let first = self.base.add(self.fields_off as usize) as *const Field;
            std::slice::from_raw_parts(first, self.count as usize)
        }
    }
}

#[repr(C)]
pub struct Request {
    pub struct_size: u32,
    pub rev: u32,
    pub fields: Fields,
    pub method: Ref,
    pub target: Ref,
    pub uri: Ref,
    pub path: Ref,
    pub query: Ref,
    pub host: Ref,
    pub remote_ip: Ref,
    pub client_ip: Ref,
}

#[repr(C)]
pub struct Response {
    pub struct_size: u32,
    pub rev: u32,
    pub fields: Fields,
}

/// A pointer that this plugin leaves alone: of a table of the host, or 0 for none.
type Unused = usize;

#[repr(C)]
pub struct HostCore {
    pub struct_size: u32,
    pub rev: u32,
    unused: [Unused; 6], // log … warn
    pub out_write: extern "C" fn(out: *mut c_void, bytes: View) -> i32,
}

#[repr(C)]
pub struct HostHttp {
    pub struct_size: u32,
    pub rev: u32,
    unused: [Unused; 2], // field_id, field_get
    pub field_set: extern "C" fn(fields: *mut Fields, id: u16, value: View) -> i32,
    more: [Unused; 14], // field_add … alloc
    pub response: extern "C" fn(req: *mut Request, status: u16) -> *mut Response,
    pub respond: extern "C" fn(req: *mut Request, body: View) -> i32,
}

#[repr(C)]
pub struct Boot {
    pub struct_size: u32,
    pub rev: u32,
    pub abi_minor: u32,
    pub flags: u32,
    pub host_name: View,
    pub host_version: View,
    pub iface: extern "C" fn(id: View) -> *const c_void,
}

#[repr(C)]
pub struct InstanceOps {
    pub struct_size: u32,
    pub rev: u32,
    pub create: extern "C" fn(scope: *mut c_void, json: View, out: *mut *mut c_void) -> i32,
    pub provision: Unused,
    pub validate: Unused,
    pub cleanup: extern "C" fn(instance: *mut c_void),
}

#[repr(C)]
pub struct HandlerOps {
    pub struct_size: u32,
    pub rev: u32,
    pub on_request: extern "C" fn(*mut c_void, *mut Request, *mut c_void) -> i32,
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
    pub parse: extern "C" fn(call: *const c_void, out: *mut c_void) -> i32,
}

#[repr(C)]
pub struct Module {
    pub struct_size: u32,
    pub rev: u32,
    pub id: View,
    pub kind: View,
    pub instance_ops: *const InstanceOps,
    pub kind_ops: *const HandlerOps,
    pub directives: *const &'static Directive,
    pub directive_count: u32,
    pub state_size: u32,
    pub state_align: u32,
    pub flags: u32,
}

#[repr(C)]
pub struct Plugin {
    pub struct_size: u32,
    pub rev: u32,
    pub abi_min_minor: u32,
    pub abi_built_minor: u32,
    pub name: View,
    pub version: View,
    pub modules: *const &'static Module,
    pub module_count: u32,
    pub reserved: u32,
    pub init: Unused,
    pub fini: Unused,
}

// Tables are static data that nobody writes to.
unsafe impl Sync for Plugin {}
unsafe impl Sync for Module {}
unsafe impl Sync for Directive {}
