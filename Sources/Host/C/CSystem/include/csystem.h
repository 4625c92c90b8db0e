// System calls of the data path. Every function returns a result ≥ 0 or a negative errno, so that
// callers never read errno, and retries EINTR.
#pragma once
#include "process.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>

#if defined(__linux__)
#include <sys/epoll.h>
int gwx_epoll_create(void);
int gwx_epoll_control(int epoll, int operation, int fd, uint32_t events, void *_Nullable data);
int gwx_epoll_wait(int epoll, struct epoll_event *_Nonnull events, int count, int timeout_ms);
// A descriptor that wakes a loop; signal it from any thread.
int gwx_eventfd(void);
ssize_t gwx_splice(int from, int to, size_t count);
// The signals of the mask as a readable descriptor; they are blocked for the calling thread.
int gwx_signalfd(const int *_Nonnull signals, size_t count);
// Next signal number, or -EAGAIN.
int gwx_signalfd_read(int fd);
#endif

#if defined(__APPLE__)
#include <sys/event.h>
#define GWX_WATCH_READ 0x1
#define GWX_WATCH_WRITE 0x4
#define GWX_WATCH_BROKEN 0x8
#define GWX_WATCH_LEAVING 0x2000
int gwx_kqueue_create(void);
// Replaces what a descriptor is watched for; 0 ends the watch. The token is at least 2-aligned.
int gwx_kqueue_watch(int queue, int fd, uint32_t interest, void *_Nullable token);
int gwx_kqueue_wait(int queue, struct kevent *_Nonnull events, int count, int timeout_ms);
// GWX_WATCH_* of an event; 0 when it says nothing that was asked for.
uint32_t gwx_kqueue_readiness(const struct kevent *_Nonnull event);
void *_Nonnull gwx_kqueue_token(const struct kevent *_Nonnull event);
#endif

// Starts a thread that nobody joins.
int gwx_start_thread(void *_Nullable (*_Nonnull run)(void *_Nullable), void *_Nullable context);

ssize_t gwx_recv(int fd, void *_Nonnull to, size_t count);
// Whether the peer has neither closed the connection nor sent anything: 1 or 0.
int gwx_is_quiet(int fd);
ssize_t gwx_send(int fd, const void *_Nonnull from, size_t count, int more);
ssize_t gwx_send_vector(int fd, const struct iovec *_Nonnull parts, int count);
ssize_t gwx_read(int fd, void *_Nonnull to, size_t count);
ssize_t gwx_write(int fd, const void *_Nonnull from, size_t count);

// A non-blocking, close-on-exec stream socket.
int gwx_socket(int family);
int gwx_accept(int fd, struct sockaddr_storage *_Nonnull peer);
int gwx_connect(int fd, const struct sockaddr_storage *_Nonnull to, socklen_t length);
int gwx_bind(int fd, const struct sockaddr_storage *_Nonnull to, socklen_t length);
int gwx_listen(int fd, int backlog);
int gwx_close(int fd);
int gwx_shutdown_write(int fd);
// A non-blocking pipe that holds capacity bytes where the system allows it.
int gwx_pipe(int *_Nonnull ends, int capacity);
int gwx_local_address(int fd, struct sockaddr_storage *_Nonnull out);
// The pending error of a socket as a negative errno, 0 when there is none.
int gwx_socket_error(int fd);
int gwx_set_option(int fd, int level, int name, int value);
// The next close sends RST instead of FIN.
int gwx_set_abortive_close(int fd);

// Port of an IPv4 or IPv6 address, 0 for others.
uint16_t gwx_address_port(const struct sockaddr_storage *_Nonnull address);
// Text form without port into out, which holds at least 64 bytes; its length.
size_t gwx_address_text(const struct sockaddr_storage *_Nonnull address, char *_Nonnull out);
// Parses an address literal. Returns the length of the socket address, 0 when it is no literal.
socklen_t gwx_address_parse(const char *_Nonnull host, uint16_t port,
                            struct sockaddr_storage *_Nonnull out);
socklen_t gwx_address_unix(const char *_Nonnull path, size_t length,
                           struct sockaddr_storage *_Nonnull out);

uint64_t gwx_monotonic_ns(void);
uint64_t gwx_wall_ns(void);

// Names this thread in tools such as top and gdb; at most 15 bytes are used.
void gwx_name_thread(const char *_Nonnull name);
// Blocks the signals for the calling thread and those it starts; SIGPIPE is ignored.
void gwx_block_signals(const int *_Nonnull signals, size_t count);
// Gives free heap back to the system, where the C library would keep it.
void gwx_return_free_memory(void);
// Soft limit of open descriptors, raised to the hard limit first.
uint64_t gwx_raise_descriptor_limit(void);
