// Two words that every thread has for itself: what the thread is for, and on whose behalf it runs.
#pragma once
#include <stdint.h>

uint64_t gwx_thread_role(void);
void gwx_set_thread_role(uint64_t role);
const void *_Nullable gwx_thread_subject(void);
void gwx_set_thread_subject(const void *_Nullable subject);
