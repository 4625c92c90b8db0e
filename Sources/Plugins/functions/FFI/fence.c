// The fence: a signal that a function raises on itself ends the call instead of the process.
//
// That is safe when nothing of the process is left half done by the jump. So it is taken only when
// every frame between the fault and the call belongs to the library or to what it was linked with,
// or is a part of libc that holds no lock: abort and its kin, or a leaf such as strlen that the
// library called itself. A crash inside malloc, say, ends the process as it would have anyway,
// after a line that names the function's address.
#define _GNU_SOURCE
#include "function.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <ucontext.h>
#include <unistd.h>

#define FRAMES_MAX 64
#define STACK_BYTES (64 * 1024)

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
#define SIGNAL_COUNT (sizeof signals / sizeof signals[0])

struct fence {
    gwf_function *volatile function; // NULL: not armed
    sigjmp_buf out;
};

static _Thread_local struct fence fence;
static struct sigaction previous[SIGNAL_COUNT];
static const void *own_image, *libc_image, *linker_image;

static const void *image_of(const void *address, const char **name) {
    Dl_info info;
    if (dladdr(address, &info) == 0) return NULL;
    if (name != NULL) *name = info.dli_sname;
    return info.dli_fbase;
}

static bool is_in(const char *name, const char *const list[]) {
    for (; name != NULL && *list != NULL; list++) {
        if (strcmp(name, *list) == 0) return true;
    }
    return false;
}

// Functions of libc that end a program on purpose, and hold nothing then.
static const char *const endings[] = {
    "abort",          "raise",        "gsignal",          "__assert_fail", "__assert",
    "__stack_chk_fail", "__chk_fail", "__fortify_fail",   NULL};
static const char *const allocators[] = {
    "malloc",      "calloc",         "realloc",        "free",     "cfree",      "memalign",
    "reallocarray", "posix_memalign", "aligned_alloc", "valloc",   "__libc_malloc",
    "__libc_free", "__libc_calloc",  "__libc_realloc", NULL};

static void *program_counter(const ucontext_t *context) {
#if defined(__aarch64__)
    return (void *)context->uc_mcontext.pc;
#else
    return (void *)context->uc_mcontext.gregs[REG_RIP];
#endif
}

// Where a call through a bad pointer came from.
static void *return_address(const ucontext_t *context) {
#if defined(__aarch64__)
    return (void *)context->uc_mcontext.regs[30];
#else
    return *(void **)context->uc_mcontext.gregs[REG_RSP];
#endif
}

static bool may_leave(const gwf_function *function, const ucontext_t *context) {
    void *frames[FRAMES_MAX];
    void *at = program_counter(context);
    const char *name = NULL;
    const void *image = image_of(at, &name);
    if (image == NULL) image = image_of(return_address(context), &name);
    if (image != NULL && image == function->image && image != libc_image) return true;

    int count = backtrace(frames, FRAMES_MAX);
    int first = 0;
    while (first < count && frames[first] != at) first++;
    for (int i = first; i < count; i++) {
        // A return address may be that of the next function, when the call never returns.
        const char *called = NULL;
        image = image_of(i == first ? frames[i] : (char *)frames[i] - 1, &called);
        if (image == own_image) return true;
        if (image == NULL || image == linker_image) return false;
        if (image != libc_image) continue;
        const void *caller =
            i + 1 < count ? image_of((char *)frames[i + 1] - 1, NULL) : NULL;
        if (caller == libc_image) continue;
        bool is_leaf = i == first && !is_in(called, allocators);
        if (!is_leaf && !is_in(called, endings)) return false;
    }
    return false;
}

// Whether the thread itself caused it: a fault of the processor, or abort.
static bool is_own(int signal, const siginfo_t *info) {
    if (signal != SIGABRT) return info->si_code > 0;
    return info->si_code == SI_TKILL && info->si_pid == getpid();
}

static void say_fatal(int signal) {
    char text[128];
    int length = snprintf(text, sizeof text,
                          "a function of a configuration crashed (%s) where it cannot be left\n",
                          gwf_signal_name(signal));
    if (length > 0 && write(STDERR_FILENO, text, (size_t)length) < 0) return;
}

static void pass_on(int signal, siginfo_t *info, void *context) {
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if (signals[i] != signal) continue;
        struct sigaction *old = &previous[i];
        if (old->sa_flags & SA_SIGINFO) return old->sa_sigaction(signal, info, context);
        if (old->sa_handler == SIG_IGN && info->si_code <= 0) return;
        if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN)
            return old->sa_handler(signal);
    }
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(signal, &standard, NULL);
    raise(signal);
}

static void on_signal(int signal, siginfo_t *info, void *context) {
    gwf_function *function = fence.function;
    if (function != NULL && is_own(signal, info)) {
        fence.function = NULL; // a second fault while looking at the first is final
        if (may_leave(function, context)) {
            atomic_store(&function->signal, signal);
            siglongjmp(fence.out, 1);
        }
        say_fatal(signal);
    }
    pass_on(signal, info, context);
}

static void install(void) {
    void *frame[1];
    backtrace(frame, 1); // loads the unwinder now, not in a signal handler
    own_image = image_of((const void *)&install, NULL);
    libc_image = image_of((const void *)&abort, NULL);
    linker_image = (const void *)getauxval(AT_BASE);
    struct sigaction action = {.sa_sigaction = on_signal};
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    for (size_t i = 0; i < SIGNAL_COUNT; i++) sigaction(signals[i], &action, &previous[i]);
}

void gwf_install_fence(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
}

// Not inlined: nothing of the caller may live in registers across the jump.
__attribute__((noinline)) bool gwf_fenced(gwf_function *function, void (*body)(void *),
                                          void *context) {
    struct fence *own = &fence;
    if (sigsetjmp(own->out, 0) != 0) return false;
    own->function = function;
    body(context);
    own->function = NULL;
    return true;
}

void gwf_prepare_thread(void) {
    stack_t stack;
    if (sigaltstack(NULL, &stack) != 0 || !(stack.ss_flags & SS_DISABLE)) return;
    // As long as the thread, which is as long as the process.
    stack = (stack_t){.ss_sp = malloc(STACK_BYTES), .ss_size = STACK_BYTES};
    if (stack.ss_sp != NULL && sigaltstack(&stack, NULL) != 0) free(stack.ss_sp);
}

const char *gwf_signal_name(int32_t signal) {
    switch (signal) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    case SIGTRAP: return "SIGTRAP";
    case SIGABRT: return "SIGABRT";
    default: return "no signal";
    }
}
