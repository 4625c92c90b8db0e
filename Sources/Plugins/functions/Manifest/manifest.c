// The manifest of this plugin with its permissions, readable without running it.
#include "gateway/plugin.h"

GW_MANIFEST_STORAGE static const char manifest[] = {
#embed "manifest.json"
};
