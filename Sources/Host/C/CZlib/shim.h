// zlib for Swift: the gzip file functions need no macros.
#pragma once
#include <zlib.h>
