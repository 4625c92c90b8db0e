// gw.loop/1: tickets, timers and jobs on a worker's event loop. gw.work/1: blocking work off it.
#pragma once
#include "gateway/handler.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GW_IFACE_LOOP "gw.loop/1"
#define GW_IFACE_WORK "gw.work/1"

// GW_WORKER_CONTROL: the control thread, for instances that have not begun to serve.
#define GW_WORKER_ANY UINT32_MAX // the worker that is calling, or the first one

typedef struct gw_host_loop {
    uint32_t struct_size;
    uint32_t rev;

    // Before GW_WAIT: the right to go on. After deadline_ns (relative; 0 takes the host's default)
    // the exchange fails with 504 and the log names the plugin. [loop] since 1.0
    gw_ticket (*GW_NONNULL wait_begin)(gw_req *GW_NONNULL req, uint64_t deadline_ns);
    // Goes on with that verdict, as if the hook had returned it, from the top of the loop. From
    // another thread only NEXT, LEAVE and negative verdicts. GW_E_STALE the second time. [any]
    gw_status (*GW_NONNULL resume)(gw_ticket ticket, gw_verdict verdict);
    // Calls on_resume later on the loop with the exchange, if it is still there, so that an answer
    // can be given; its verdict counts. Otherwise on_gone is called, on the loop too, so that arg
    // can be freed; it may be NULL. [any] since 1.0
    gw_status (*GW_NONNULL resume_with)(
        gw_ticket ticket,
        gw_verdict (*GW_NONNULL on_resume)(void *GW_NULLABLE arg, gw_req *GW_NONNULL req),
        void (*GW_NULLABLE on_gone)(void *GW_NULLABLE arg), void *GW_NULLABLE arg);

    // Runs fn on a worker, from the top of its loop, in the order of the calls. [any] since 1.0
    gw_status (*GW_NONNULL post)(uint32_t worker, void (*GW_NONNULL fn)(void *GW_NULLABLE arg),
                                 void *GW_NULLABLE arg);

    // Runs fn once after delay_ns on a worker. The timer ends with its scope. Precision: 1 ms.
    // Returns 0 when no timer can be had. [loop] [config] since 1.0
    gw_ticket (*GW_NONNULL timer_start)(gw_scope *GW_NONNULL scope, uint32_t worker,
                                        uint64_t delay_ns,
                                        void (*GW_NONNULL fn)(void *GW_NULLABLE arg),
                                        void *GW_NULLABLE arg);
    gw_status (*GW_NONNULL timer_stop)(gw_ticket timer);

    // The calling worker, GW_WORKER_ANY on other threads. [any] since 1.0
    uint32_t (*GW_NONNULL worker_index)(void);
} gw_host_loop;

typedef struct gw_host_work {
    uint32_t struct_size;
    uint32_t rev;

    // Runs run on a pool thread, then done on the calling worker. GW_E_LIMIT when the queue is
    // full. arg belongs to the caller. The scope's cleanup waits for run and done. [loop] [config]
    gw_status (*GW_NONNULL submit)(gw_scope *GW_NONNULL scope,
                                   void (*GW_NONNULL run)(void *GW_NULLABLE arg),
                                   void (*GW_NULLABLE done)(void *GW_NULLABLE arg),
                                   void *GW_NULLABLE arg);
} gw_host_work;

#ifdef __cplusplus
}
#endif
