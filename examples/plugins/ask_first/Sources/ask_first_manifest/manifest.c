// The manifest of this plugin, readable without running it.
#include "gateway/plugin.h"

GW_MANIFEST_STORAGE static const char manifest[] = {
#embed "manifest.json"
};
