// The files of the dashboard and of the pages that stand in for a service, embedded at build time.
#pragma once
#include <stddef.h>

typedef struct gw_resolver_asset {
    const unsigned char *_Nonnull bytes;
    size_t count;
} gw_resolver_asset;

// Live as long as the process. [any]
gw_resolver_asset gw_resolver_dashboard_html(void);
gw_resolver_asset gw_resolver_dashboard_css(void);
gw_resolver_asset gw_resolver_dashboard_js(void);
gw_resolver_asset gw_resolver_message_html(void);
gw_resolver_asset gw_resolver_message_css(void);
