// discovery/1: what listens on this machine and in its containers. Offered by the plugin
// llm_resolver.
//
// Kept fresh in the background while somebody watches; all watches of the process share it, across
// reloads, too. All text comes from programs that anybody may have started: it is data, and has to
// be escaped where it is shown.
#pragma once
#include "gateway/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GW_SERVICE_DISCOVERY "discovery/1"

#define GW_DISCOVERY_PROCESS 1u
#define GW_DISCOVERY_CONTAINER 2u

// Why a candidate is hardly what anybody means. New ones may come.
#define GW_DISCOVERY_OWN 1u                 // this gateway
#define GW_DISCOVERY_OWNER_UNKNOWN 2u       // a process of another user
#define GW_DISCOVERY_SHARED_PORT 4u         // different programs accept in turn
#define GW_DISCOVERY_CONTAINER_HELPER 8u    // passes connections on to a container
#define GW_DISCOVERY_INSIDE_CONTAINER 0x10u // listed as a container
#define GW_DISCOVERY_UNREACHABLE 0x20u      // no address leads to it
#define GW_DISCOVERY_LOW_PORT 0x40u         // below 1024
#define GW_DISCOVERY_SYSTEM 0x80u           // a service of the system
#define GW_DISCOVERY_EDITOR 0x100u          // a helper of an editor
#define GW_DISCOVERY_DESKTOP 0x200u         // a browser and the like
#define GW_DISCOVERY_DEBUGGER 0x400u        // the port of a debugger
#define GW_DISCOVERY_TEMPORARY_PORT 0x800u  // a temporary port beside another one
#define GW_DISCOVERY_ONE_OFF 0x1000u        // a container of `compose run`
#define GW_DISCOVERY_PAUSED 0x2000u         // a paused container
// Nobody may send requests to what has one of these.
#define GW_DISCOVERY_NEVER 0x3Du

// One watching instance. Opaque.
typedef struct gw_discovery_watch gw_discovery_watch;
// All that was there at one moment. Never changes. Opaque.
typedef struct gw_discovery_snapshot gw_discovery_snapshot;

// A port of a container that the host listens on in its place.
typedef struct gw_discovery_published {
    uint16_t container;
    uint16_t host;
    uint32_t reserved;
    gw_view address; // "0.0.0.0" or "::" for all
} gw_discovery_published;

typedef struct gw_discovery_label {
    gw_view name;
    gw_view value;
} gw_discovery_label;

// One TCP port of a process or of a container. Empty text is unknown. Lives as long as its snapshot.
typedef struct gw_discovery_candidate {
    uint32_t struct_size;
    uint32_t rev;
    gw_view id;     // unique in the snapshot, the same in the next one while the thing is the same
    uint32_t kind;  // GW_DISCOVERY_PROCESS, _CONTAINER
    uint32_t marks; // GW_DISCOVERY_OWN …
    uint32_t port;  // of a process the one that it listens on, else the one inside the container
    uint32_t process_id;  // 0 when unknown
    uint32_t parent_id;
    uint32_t reserved;
    uint64_t start_time;  // of the process, in clock ticks since the machine started
    gw_view bind;         // "127.0.0.1", "::1", "0.0.0.0", "::"
    gw_view command;      // short name
    gw_view arguments;    // command line
    gw_view working_directory;
    gw_view executable;
    gw_view package_name; // of the manifest in the working directory
    // Where a connection from here reaches it, best first: "127.0.0.1:3000", "[::1]:3000".
    const gw_view *GW_NULLABLE addresses;
    size_t address_count;
    // Containers only.
    gw_view container_name;
    gw_view image;
    gw_view compose_project;
    gw_view compose_service;
    const gw_discovery_published *GW_NULLABLE published;
    size_t published_count;
    const uint16_t *GW_NULLABLE exposed; // all TCP ports, published or not
    size_t exposed_count;
    const gw_discovery_label *GW_NULLABLE labels; // by name
    size_t label_count;
} gw_discovery_candidate;

// A container engine that answers, or that is there and does not. Lives as long as its snapshot.
typedef struct gw_discovery_engine {
    uint32_t struct_size;
    uint32_t rev;
    gw_view address; // "unix//run/podman/podman.sock"
    gw_view problem; // empty when all is well
    uint32_t is_connected;
    uint32_t container_count;
} gw_discovery_engine;

typedef struct gw_discovery {
    uint32_t struct_size;
    uint32_t rev;

    // Begins to watch; without a watch nothing is looked at. [config] since 1.0
    gw_status (*GW_NONNULL watch)(void *GW_NULLABLE self, gw_scope *GW_NONNULL scope,
                                  gw_discovery_watch *GW_NULLABLE *GW_NONNULL out);
    // Ends a watch, before its scope ends. No function given with it is called any more.
    // [config] since 1.0
    void (*GW_NONNULL release)(gw_discovery_watch *GW_NONNULL watch);

    // Calls fn on the first worker after every change. It takes no long time and does not release
    // the watch. NULL: no more. [config] since 1.0
    void (*GW_NONNULL on_change)(gw_discovery_watch *GW_NONNULL watch,
                                 void (*GW_NULLABLE fn)(void *GW_NULLABLE arg, uint64_t generation),
                                 void *GW_NULLABLE arg);

    // Counts snapshots that differ; 0 before the first. Takes no lock. [any] since 1.0
    uint64_t (*GW_NONNULL generation)(void);
    // Asks for a snapshot that says what was there less than age_ns ago. GW_OK: the present one
    // does. GW_AGAIN: a look begins, and fn is called on the first worker when it is over, or when
    // there is nobody left who watches. [any] since 1.0
    gw_status (*GW_NONNULL refresh)(uint64_t age_ns, void (*GW_NONNULL fn)(void *GW_NULLABLE arg),
                                    void *GW_NULLABLE arg);

    // The newest snapshot, to be dropped by whoever acquired it. [any] since 1.0
    gw_discovery_snapshot *GW_NONNULL (*GW_NONNULL acquire)(void);
    void (*GW_NONNULL drop)(gw_discovery_snapshot *GW_NONNULL snapshot);
    uint64_t (*GW_NONNULL snapshot_generation)(const gw_discovery_snapshot *GW_NONNULL snapshot);
    // Processes by port, then containers by name. NULL behind the last one. [any] since 1.0
    const gw_discovery_candidate *GW_NULLABLE (*GW_NONNULL candidate)(
        const gw_discovery_snapshot *GW_NONNULL snapshot, size_t index);
    const gw_discovery_engine *GW_NULLABLE (*GW_NONNULL engine)(
        const gw_discovery_snapshot *GW_NONNULL snapshot, size_t index);
    // Whether its addresses still lead to that candidate and to nobody else: 1 or 0. Asks the kernel
    // unless that was done less than age_ns ago; never blocks. [any] since 1.0
    int32_t (*GW_NONNULL is_current)(const gw_discovery_snapshot *GW_NONNULL snapshot, size_t index,
                                     uint64_t age_ns);
    // What a single mark means, for people; empty for an unknown one. Lives as long as the process.
    // [any] since 1.0
    gw_view (*GW_NONNULL reason)(uint32_t mark);
} gw_discovery;

#ifdef __cplusplus
}
#endif
