// Load on a gateway while it reloads: fresh connections, keep-alive connections and open streams, each
// counted by how it ended. One thread, epoll, loopback.
//
//   reload_load PORT SECONDS FRESH_PER_SECOND KEPT_PER_SECOND KEPT_CONNECTIONS STREAMS STREAM_PATH
//
// Fresh requests take one connection each, with "Connection: close"; their source addresses rotate over
// 127.0.0.2 to 127.0.0.9, so that ports do not run out. Prints one JSON object. "idle_closed" counts
// kept connections that the gateway closed between two requests, which HTTP allows and we do not want.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum kind { FRESH, KEPT, STREAM };
enum state { IDLE, CONNECTING, WAITING, STREAMING };

struct connection {
  enum kind kind;
  enum state state;
  int fd;
  uint64_t asked_ns;
  size_t used;
  char input[4096];
};

static struct {
  long sent, ok, reset, refused, cut, status, late;
} fresh, kept;
static long stream_cut, stream_bytes, stream_open, idle_closed;

static int epoll_fd, gateway_port;
static const char *stream_path;
static struct connection *idle[4096];
static int idle_count;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// Opens a connection without waiting for it; the source address rotates.
static void dial(struct connection *c) {
  static unsigned next;
  int one = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)gateway_port)};
  struct sockaddr_in from = {.sin_family = AF_INET};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + next++ % 8);
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  c->used = 0;
  c->state = CONNECTING;
  c->asked_ns = now_ns();
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&from, sizeof from)) {
    perror("reload_load: socket");
    exit(1);
  }
  if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) {
    perror("reload_load: connect");
    exit(1);
  }
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
}

static void ask(struct connection *c) {
  char text[512];
  int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: gateway.test\r\n%s\r\n",
                        c->kind == STREAM ? stream_path : "/v1/models",
                        c->kind == FRESH ? "Connection: close\r\n" : "");
  c->state = WAITING;
  c->used = 0;
  c->asked_ns = now_ns();
  // A failure shows as an event on the connection.
  send(c->fd, text, (size_t)length, MSG_NOSIGNAL);
}

static void drop(struct connection *c) {
  close(c->fd);
  c->fd = -1;
}

// Whole when the head is there and as many body bytes as Content-Length says, or a last chunk.
static int whole(struct connection *c) {
  c->input[c->used] = 0;
  char *end = strstr(c->input, "\r\n\r\n");
  if (!end) return 0;
  char *length = strcasestr(c->input, "\r\ncontent-length:");
  size_t body = c->used - (size_t)(end + 4 - c->input);
  if (length && length < end) return body >= (size_t)atol(length + 17);
  return body >= 5 && !memcmp(c->input + c->used - 5, "0\r\n\r\n", 5);
}

static void forget_idle(struct connection *c) {
  for (int i = 0; i < idle_count; i++)
    if (idle[i] == c) idle[i] = idle[--idle_count];
}

// The connection ended although it should not have, or ended as it should.
static void ended(struct connection *c, int error) {
  if (c->kind == STREAM) {
    stream_cut++;
    stream_open--;
    drop(c);
    return;
  }
  if (c->kind == KEPT && c->state == IDLE) {
    idle_closed++;
    forget_idle(c);
  } else {
    long *count = c->kind == FRESH ? &fresh.cut : &kept.cut;
    if (error == ECONNREFUSED) count = c->kind == FRESH ? &fresh.refused : &kept.refused;
    else if (error == ECONNRESET || error == EPIPE) count = c->kind == FRESH ? &fresh.reset : &kept.reset;
    ++*count;
  }
  drop(c);
  if (c->kind == FRESH) free(c);
  else dial(c);
}

static void answered(struct connection *c) {
  int good = !strncmp(c->input, "HTTP/1.1 200", 12);
  if (c->kind == FRESH) {
    good ? fresh.ok++ : fresh.status++;
    drop(c);
    free(c);
  } else {
    good ? kept.ok++ : kept.status++;
    c->state = IDLE;
    idle[idle_count++] = c;
  }
}

static void readable(struct connection *c) {
  for (;;) {
    if (c->state == STREAMING) c->used = 0;
    ssize_t got = recv(c->fd, c->input + c->used, sizeof c->input - 1 - c->used, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      ended(c, got < 0 ? errno : 0);
      return;
    }
    c->used += (size_t)got;
    if (c->kind == STREAM) {
      if (c->state == WAITING && strncmp(c->input, "HTTP/1.1 200", c->used < 12 ? c->used : 12)) {
        ended(c, 0);
        return;
      }
      stream_bytes += got;
      if (c->used > 200) c->state = STREAMING;
    } else if (whole(c)) {
      answered(c);
      return;
    }
  }
}

static void connected(struct connection *c) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error) {
    ended(c, error);
    return;
  }
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
  if (c->kind == KEPT) {
    c->state = IDLE;
    idle[idle_count++] = c;
  } else {
    if (c->kind == STREAM) stream_open++;
    ask(c);
  }
}

static struct connection *open_one(enum kind kind) {
  struct connection *c = calloc(1, sizeof *c);
  c->kind = kind;
  dial(c);
  return c;
}

// Takes events until `until_ns`.
static void turn(uint64_t until_ns) {
  struct epoll_event events[256];
  uint64_t at = now_ns();
  int wait_ms = until_ns > at ? (int)((until_ns - at) / 1000000) : 0;
  int count = epoll_wait(epoll_fd, events, 256, wait_ms);
  for (int i = 0; i < count; i++) {
    struct connection *c = events[i].data.ptr;
    if (c->state == CONNECTING) connected(c);
    else readable(c);
  }
}

int main(int count, char **argument) {
  if (count != 8) return 2;
  gateway_port = atoi(argument[1]);
  double seconds = atof(argument[2]), fresh_rate = atof(argument[3]), kept_rate = atof(argument[4]);
  int kept_connections = atoi(argument[5]), streams = atoi(argument[6]);
  stream_path = argument[7];
  epoll_fd = epoll_create1(0);
  for (int i = 0; i < streams; i++) open_one(STREAM);
  for (int i = 0; i < kept_connections; i++) open_one(KEPT);

  uint64_t began = now_ns(), end = began + (uint64_t)(seconds * 1e9);
  for (uint64_t at; (at = now_ns()) < end;) {
    double passed = (double)(at - began) / 1e9;
    while (fresh.sent < (long)(passed * fresh_rate)) {
      fresh.sent++;
      open_one(FRESH);
    }
    while (kept.sent < (long)(passed * kept_rate) && idle_count) {
      kept.sent++;
      ask(idle[--idle_count]);
    }
    turn(at + 1000000);
  }
  // What is under way may end; streams stay open until the very end.
  while (now_ns() < end + 5000000000u &&
         (fresh.sent > fresh.ok + fresh.reset + fresh.refused + fresh.cut + fresh.status ||
          kept.sent > kept.ok + kept.reset + kept.cut + kept.status))
    turn(now_ns() + 20000000);
  fresh.late = fresh.sent - fresh.ok - fresh.reset - fresh.refused - fresh.cut - fresh.status;
  kept.late = kept.sent - kept.ok - kept.reset - kept.cut - kept.status;
  printf("{\"fresh\": {\"sent\": %ld, \"ok\": %ld, \"reset\": %ld, \"refused\": %ld, \"cut\": %ld, \"status\": %ld, \"late\": %ld},\n"
         " \"kept\": {\"sent\": %ld, \"ok\": %ld, \"reset\": %ld, \"refused\": %ld, \"cut\": %ld, \"status\": %ld, \"late\": %ld},\n"
         " \"idle_closed\": %ld, \"streams\": {\"open\": %ld, \"cut\": %ld, \"bytes\": %ld}}\n",
         fresh.sent, fresh.ok, fresh.reset, fresh.refused, fresh.cut, fresh.status, fresh.late, kept.sent, kept.ok,
         kept.reset, kept.refused, kept.cut, kept.status, kept.late, idle_closed, stream_open, stream_cut, stream_bytes);
  return 0;
}
