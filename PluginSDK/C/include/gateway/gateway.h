// The stable plugin ABI of Gatewright, version 1. Including this one header is enough.
//
// A plugin is a shared object with one exported symbol, gw_plugin_entry_v1 (plugin.h). It imports
// nothing from the host: what it needs comes through interfaces that it asks the host for by name
// (host_*.h). What it offers are modules (module.h), each with the hooks of its kind (handler.h,
// matcher.h, placeholder.h).
//
// Tables that first-party plugins offer to others are in ext/, one service per header.
//
// Rules that hold everywhere, unless a member says otherwise:
//  - Fixed-width integers, sizes, pointers and {ptr,len} views cross the boundary, nothing else.
//    Text is bytes with a length; it is never NUL-terminated by promise.
//  - Every table begins with struct_size and rev. Whoever fills a table writes the size that it was
//    compiled with; the reader copies what both sides know and treats the rest as absent.
//  - A host call never calls back into the plugin before it returns.
//  - A borrowed view is dead when the hook returns. Memory is freed by whoever allocated it.
//  - What outlives a hook is a ticket. A ticket that is no longer valid is an error code
//    (GW_E_STALE), never a crash.
//  - Thread tags in brackets: [load] the loader, once per process; [config] the control thread, one
//    call at a time per module; [loop] the worker that owns the exchange or timer; [work] a thread
//    of the work pool; [any] every thread. GATEWRIGHT_CHECK=1 makes the host assert them.
#pragma once

#include "gateway/types.h"
#include "gateway/plugin.h"
#include "gateway/module.h"
#include "gateway/message.h"
#include "gateway/handler.h"
#include "gateway/matcher.h"
#include "gateway/placeholder.h"
#include "gateway/host_core.h"
#include "gateway/host_http.h"
#include "gateway/host_loop.h"
#include "gateway/host_upstream.h"
#include "gateway/host_client.h"
#include "gateway/host_data.h"
#include "gateway/host_service.h"
#include "gateway/host_adapt.h"
