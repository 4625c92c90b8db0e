// System calls and constants that Swift cannot import by itself.
#pragma once
#include <stddef.h>
#include <stdint.h>
