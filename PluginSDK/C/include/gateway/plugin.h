// The entry point, what the host says of itself, and what the plugin says of itself.
#pragma once
#include "gateway/types.h"

#ifdef __cplusplus
extern "C" {
#endif

struct gw_module;

#define GW_ABI_MAJOR 1
#define GW_ABI_MINOR 0 // grows with every addition; see docs/abi.md

#define GW_BOOT_SCAN 1u  // only tables are wanted; no configuration will follow
#define GW_BOOT_CHECK 2u // the checking host is on

// The host, as the plugin sees it while it is loaded. Valid as long as the process.
typedef struct gw_boot {
    uint32_t struct_size;
    uint32_t rev;
    uint32_t abi_minor; // of the host
    uint32_t flags;     // GW_BOOT_*
    gw_view host_name;
    gw_view host_version;

    // Asks for a table of the host, such as "gw.http/1".
    // id: the interface with its revision.
    // Returns the table, valid as long as the process, or NULL when this host does not have it.
    // Its first two members are struct_size and rev. [load] [config] since 1.0
    const void *GW_NULLABLE (*GW_NONNULL iface)(gw_view id);

    // Says why the plugin cannot be loaded; the entry point then returns NULL. [load] since 1.0
    void (*GW_NONNULL fail)(const gw_diag *GW_NONNULL diag);
} gw_boot;

// The plugin. Static data; the host copies it once and never writes to it.
typedef struct gw_plugin {
    uint32_t struct_size;
    uint32_t rev;
    uint32_t abi_min_minor;   // the oldest host that it works with
    uint32_t abi_built_minor; // GW_ABI_MINOR of the headers that it was compiled with
    gw_view name;             // as in the manifest and in the file name
    gw_view version;
    const struct gw_module *GW_NONNULL const *GW_NULLABLE modules;
    uint32_t module_count;
    uint32_t reserved;

    // Called once after loading, before any module is created. May be NULL. [load] since 1.0
    gw_status (*GW_NULLABLE init)(void);
    // Called once before the process ends. May be NULL. [load] since 1.0
    void (*GW_NULLABLE fini)(void);
} gw_plugin;

// The one symbol that a plugin exports. It has no side effects: it may be called to look at the
// plugin only. Returns NULL after boot->fail. [load] since 1.0
const gw_plugin *GW_NULLABLE gw_plugin_entry_v1(const gw_boot *GW_NONNULL boot);

// Puts the manifest, one JSON document, where tools and the host can read it without running the
// plugin. Use once per plugin, at file scope, in C; PluginSDK/README.md lists its members.
#if defined(__APPLE__)
#define GW_MANIFEST_SECTION "__DATA,__gwmanifest"
#define GW_MANIFEST_STORAGE __attribute__((used, section(GW_MANIFEST_SECTION)))
#else
#define GW_MANIFEST_SECTION ".gwmanifest"
// Kept although nothing refers to it, by the compiler and by the linker (--gc-sections).
#define GW_MANIFEST_STORAGE __attribute__((used, retain, section(GW_MANIFEST_SECTION)))
#endif
#define GW_MANIFEST(text) GW_MANIFEST_STORAGE static const char gw_manifest_text[] = text

#ifdef __cplusplus
}
#endif
