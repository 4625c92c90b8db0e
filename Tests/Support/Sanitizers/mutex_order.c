// Tells the thread sanitizer about locks of the Swift library. Preloaded by scripts/sanitize.
//
// The fast path of Synchronization.Mutex is compiled into its users and instrumented with them; the
// slow path, for locks that somebody else holds, is in the library, which is not. Without this every
// lock that was ever contended looks like a race.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

#define SWIFT_METHOD __attribute__((swiftcall))
#define SWIFT_SELF __attribute__((swift_context))

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT_METHOD void (*lock_function)(uint32_t thread, SWIFT_SELF void *self);
typedef SWIFT_METHOD void (*unlock_function)(SWIFT_SELF void *self);

// Of the sanitizer's run-time library; absent in programs without it.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

SWIFT_METHOD void lock_slow(uint32_t thread, SWIFT_SELF void *self) __asm__(LOCK_SLOW);
SWIFT_METHOD void unlock_slow(SWIFT_SELF void *self) __asm__(UNLOCK_SLOW);

SWIFT_METHOD void lock_slow(uint32_t thread, SWIFT_SELF void *self) {
    ((lock_function)dlsym(RTLD_NEXT, LOCK_SLOW))(thread, self);
    if (__tsan_acquire != NULL) __tsan_acquire(self);
}

SWIFT_METHOD void unlock_slow(SWIFT_SELF void *self) {
    if (__tsan_release != NULL) __tsan_release(self);
    ((unlock_function)dlsym(RTLD_NEXT, UNLOCK_SLOW))(self);
}
