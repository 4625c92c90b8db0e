// Thread-local words (Swift has none of its own).
#include "thread_values.h"

static _Thread_local uint64_t role;
static _Thread_local const void *subject;

uint64_t gwx_thread_role(void) { return role; }
void gwx_set_thread_role(uint64_t value) { role = value; }
const void *gwx_thread_subject(void) { return subject; }
void gwx_set_thread_subject(const void *value) { subject = value; }
