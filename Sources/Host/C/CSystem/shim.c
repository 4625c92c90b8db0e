// See csystem.h.
#define _GNU_SOURCE
#include "csystem.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define RETRY(result, call)                          \
    do {                                             \
        (result) = (call);                           \
    } while ((result) < 0 && errno == EINTR);        \
    if ((result) < 0) (result) = -errno

#if defined(__linux__)
#include <sys/eventfd.h>
#include <sys/signalfd.h>

int gwx_epoll_create(void) {
    int result;
    RETRY(result, epoll_create1(EPOLL_CLOEXEC));
    return result;
}

int gwx_epoll_control(int epoll, int operation, int fd, uint32_t events, void *data) {
    struct epoll_event event = {.events = events, .data = {.ptr = data}};
    int result;
    RETRY(result, epoll_ctl(epoll, operation, fd, &event));
    return result;
}

int gwx_epoll_wait(int epoll, struct epoll_event *events, int count, int timeout_ms) {
    int result = epoll_wait(epoll, events, count, timeout_ms);
    if (result < 0) return errno == EINTR ? 0 : -errno;
    return result;
}

int gwx_eventfd(void) {
    int result;
    RETRY(result, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    return result;
}

ssize_t gwx_splice(int from, int to, size_t count) {
    ssize_t result;
    RETRY(result, splice(from, NULL, to, NULL, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
    return result;
}

int gwx_signalfd(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++) sigaddset(&set, signals[i]);
    int result;
    RETRY(result, signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    return result;
}

int gwx_signalfd_read(int fd) {
    struct signalfd_siginfo info;
    ssize_t result;
    RETRY(result, read(fd, &info, sizeof info));
    return result == (ssize_t)sizeof info ? (int)info.ssi_signo : -EAGAIN;
}
#endif

#if defined(__APPLE__)
int gwx_kqueue_create(void) {
    int queue = kqueue();
    if (queue < 0) return -errno;
    fcntl(queue, F_SETFD, FD_CLOEXEC);
    return queue;
}

// Marks the token of a read event that stands for the end of the stream alone.
#define LEAVING_ONLY ((uintptr_t)1)

int gwx_kqueue_watch(int queue, int fd, uint32_t interest, void *token) {
    struct kevent changes[4], receipts[4];
    int count = 0;
    // What was there goes first, as EV_CLEAR cannot be changed in place; that nothing was there is
    // no error.
    EV_SET(&changes[count++], fd, EVFILT_READ, EV_DELETE | EV_RECEIPT, 0, 0, NULL);
    EV_SET(&changes[count++], fd, EVFILT_WRITE, EV_DELETE | EV_RECEIPT, 0, 0, NULL);
    if (interest & GWX_WATCH_READ) {
        EV_SET(&changes[count++], fd, EVFILT_READ, EV_ADD | EV_RECEIPT, 0, 0, token);
    } else if (interest & GWX_WATCH_LEAVING) {
        // Without reading, only the end matters: edge-triggered, so that bytes that stay unread
        // are not announced again and again.
        void *marked = (void *)((uintptr_t)token | LEAVING_ONLY);
        EV_SET(&changes[count++], fd, EVFILT_READ, EV_ADD | EV_CLEAR | EV_RECEIPT, NOTE_LOWAT,
               INT_MAX, marked);
    }
    if (interest & GWX_WATCH_WRITE)
        EV_SET(&changes[count++], fd, EVFILT_WRITE, EV_ADD | EV_RECEIPT, 0, 0, token);
    int result;
    RETRY(result, kevent(queue, changes, count, receipts, count, NULL));
    if (result < 0) return result;
    for (int i = 2; i < result; i++)
        if ((receipts[i].flags & EV_ERROR) && receipts[i].data != 0) return -(int)receipts[i].data;
    return 0;
}

int gwx_kqueue_wait(int queue, struct kevent *events, int count, int timeout_ms) {
    struct timespec timeout = {timeout_ms / 1000, (long)(timeout_ms % 1000) * 1000000};
    int result = kevent(queue, NULL, 0, events, count, timeout_ms < 0 ? NULL : &timeout);
    if (result < 0) return errno == EINTR ? 0 : -errno;
    return result;
}

uint32_t gwx_kqueue_readiness(const struct kevent *event) {
    int is_end = (event->flags & EV_EOF) != 0;
    if (event->filter == EVFILT_WRITE)
        return GWX_WATCH_WRITE | (is_end ? GWX_WATCH_LEAVING | GWX_WATCH_BROKEN : 0);
    uint32_t result = (uintptr_t)event->udata & LEAVING_ONLY ? 0 : GWX_WATCH_READ;
    if (is_end) result |= GWX_WATCH_LEAVING;
    // fflags of an end is the socket's error.
    if (is_end && event->fflags != 0) result |= GWX_WATCH_BROKEN;
    return result;
}

void *gwx_kqueue_token(const struct kevent *event) {
    return (void *)((uintptr_t)event->udata & ~LEAVING_ONLY);
}
#endif

int gwx_start_thread(void *(*run)(void *), void *context) {
    pthread_t thread;
    int error = pthread_create(&thread, NULL, run, context);
    if (error != 0) return -error;
    pthread_detach(thread);
    return 0;
}

ssize_t gwx_recv(int fd, void *to, size_t count) {
    ssize_t result;
    RETRY(result, recv(fd, to, count, 0));
    return result;
}

int gwx_is_quiet(int fd) {
    char byte;
    ssize_t result;
    RETRY(result, recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT));
    return result == -EAGAIN || result == -EWOULDBLOCK;
}

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif
#ifndef MSG_MORE
#define MSG_MORE 0
#endif

ssize_t gwx_send(int fd, const void *from, size_t count, int more) {
    ssize_t result;
    RETRY(result, send(fd, from, count, MSG_NOSIGNAL | (more ? MSG_MORE : 0)));
    return result;
}

ssize_t gwx_send_vector(int fd, const struct iovec *parts, int count) {
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count};
    ssize_t result;
    RETRY(result, sendmsg(fd, &message, MSG_NOSIGNAL));
    return result;
}

ssize_t gwx_read(int fd, void *to, size_t count) {
    ssize_t result;
    RETRY(result, read(fd, to, count));
    return result;
}

ssize_t gwx_write(int fd, const void *from, size_t count) {
    ssize_t result;
    RETRY(result, write(fd, from, count));
    return result;
}

#if !defined(__linux__)
static int prepare_descriptor(int fd) {
    if (fd < 0) return -errno;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

// There is no MSG_NOSIGNAL here, and OpenSSL writes with plain calls: the socket itself is told.
static int prepare_socket(int fd) {
    int result = prepare_descriptor(fd), on = 1;
    if (result >= 0) setsockopt(result, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
    return result;
}
#endif

int gwx_socket(int family) {
#if defined(__linux__)
    int result = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return result < 0 ? -errno : result;
#else
    return prepare_socket(socket(family, SOCK_STREAM, 0));
#endif
}

int gwx_accept(int fd, struct sockaddr_storage *peer) {
    socklen_t length = sizeof *peer;
    int result;
#if defined(__linux__)
    RETRY(result, accept4(fd, (struct sockaddr *)peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    return result;
#else
    RETRY(result, accept(fd, (struct sockaddr *)peer, &length));
    return result < 0 ? result : prepare_socket(result);
#endif
}

int gwx_connect(int fd, const struct sockaddr_storage *to, socklen_t length) {
    int result;
    RETRY(result, connect(fd, (const struct sockaddr *)to, length));
    return result;
}

int gwx_bind(int fd, const struct sockaddr_storage *to, socklen_t length) {
    return bind(fd, (const struct sockaddr *)to, length) < 0 ? -errno : 0;
}

int gwx_listen(int fd, int backlog) { return listen(fd, backlog) < 0 ? -errno : 0; }

// Not retried: Linux closes the descriptor even when close says EINTR.
int gwx_close(int fd) { return close(fd) < 0 ? -errno : 0; }

int gwx_shutdown_write(int fd) { return shutdown(fd, SHUT_WR) < 0 ? -errno : 0; }

int gwx_pipe(int *ends, int capacity) {
#if defined(__linux__)
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0) return -errno;
    fcntl(ends[1], F_SETPIPE_SZ, capacity);
    return 0;
#else
    (void)capacity;
    if (pipe(ends) < 0) return -errno;
    prepare_descriptor(ends[0]);
    prepare_descriptor(ends[1]);
    return 0;
#endif
}

int gwx_local_address(int fd, struct sockaddr_storage *out) {
    socklen_t length = sizeof *out;
    return getsockname(fd, (struct sockaddr *)out, &length) < 0 ? -errno : 0;
}

int gwx_socket_error(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return -errno;
    return -error;
}

int gwx_set_option(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}

int gwx_set_abortive_close(int fd) {
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) < 0 ? -errno : 0;
}

uint16_t gwx_address_port(const struct sockaddr_storage *address) {
    if (address->ss_family == AF_INET) return ntohs(((const struct sockaddr_in *)address)->sin_port);
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    return 0;
}

size_t gwx_address_text(const struct sockaddr_storage *address, char *out) {
    const void *source = NULL;
    if (address->ss_family == AF_INET) {
        source = &((const struct sockaddr_in *)address)->sin_addr;
    } else if (address->ss_family == AF_INET6) {
        const struct in6_addr *v6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(v6)) {
            inet_ntop(AF_INET, &v6->s6_addr[12], out, 64);
            return strlen(out);
        }
        source = v6;
    }
    if (source == NULL || inet_ntop(address->ss_family, source, out, 64) == NULL) {
        out[0] = 0;
        return 0;
    }
    return strlen(out);
}

socklen_t gwx_address_parse(const char *host, uint16_t port, struct sockaddr_storage *out) {
    memset(out, 0, sizeof *out);
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return sizeof *v6;
    }
    return 0;
}

socklen_t gwx_address_unix(const char *path, size_t length, struct sockaddr_storage *out) {
    struct sockaddr_un *local = (struct sockaddr_un *)out;
    if (length == 0 || length >= sizeof local->sun_path) return 0;
    memset(out, 0, sizeof *out);
    local->sun_family = AF_UNIX;
    memcpy(local->sun_path, path, length);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

static uint64_t clock_ns(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t gwx_monotonic_ns(void) { return clock_ns(CLOCK_MONOTONIC); }
uint64_t gwx_wall_ns(void) { return clock_ns(CLOCK_REALTIME); }

void gwx_name_thread(const char *name) {
#if defined(__linux__)
    char short_name[16];
    snprintf(short_name, sizeof short_name, "%s", name);
    pthread_setname_np(pthread_self(), short_name);
#else
    pthread_setname_np(name);
#endif
}

void gwx_block_signals(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++) sigaddset(&set, signals[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

void gwx_return_free_memory(void) {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

uint64_t gwx_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 1024;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return (uint64_t)limit.rlim_cur;
}
