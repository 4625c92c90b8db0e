#include "llm_resolver_pages.h"

static const unsigned char dashboard_html[] = {
#embed "assets/dashboard.html"
};
static const unsigned char dashboard_css[] = {
#embed "assets/dashboard.css"
};
static const unsigned char dashboard_js[] = {
#embed "assets/dashboard.js"
};
static const unsigned char message_html[] = {
#embed "assets/message.html"
};
static const unsigned char message_css[] = {
#embed "assets/message.css"
};

#define ASSET(name) \
    gw_resolver_asset gw_resolver_##name(void) { \
        return (gw_resolver_asset){name, sizeof(name)}; \
    }

ASSET(dashboard_html)
ASSET(dashboard_css)
ASSET(dashboard_js)
ASSET(message_html)
ASSET(message_css)
