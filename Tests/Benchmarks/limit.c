// The practical limit of this machine: an epoll loop that answers every request with the same 200, a whole
// batch with one write. It parses no more than it must to find where a request ends.
//   limit PORT [ANSWER]     ANSWER: a file with the whole answer, head and content, in place of the sixty bytes
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static const char health[] =
    "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 00:00:00 GMT\r\nContent-Type: application/json\r\n"
    "Content-Length: 58\r\n\r\n{\"status\":\"ok\",\"version\":\"1.0.0\",\"tasks\":10000,\"uptime\":12}";

typedef struct {
  int fd;
  size_t have;
  char buffer[32768];
} connection;

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  const char *reply = health;
  size_t size = sizeof health - 1;
  if (argc > 2) {
    FILE *file = fopen(argv[2], "rb");
    if (!file) return 1;
    static char text[1 << 20];
    size = fread(text, 1, sizeof text, file);
    fclose(file);
    reply = text;
  }
  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), loop = epoll_create1(0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (void *)&address, sizeof address) || listen(listener, 4096)) return 1;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
  epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);
  static char out[1 << 21];
  for (;;) {
    int ready = epoll_wait(loop, events, 256, -1);
    for (int i = 0; i < ready; i++) {
      connection *c = events[i].data.ptr;
      if (!c) {
        for (int fd; (fd = accept(listener, NULL, NULL)) >= 0;) {
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          c = malloc(sizeof *c);
          c->fd = fd, c->have = 0;
          event.data.ptr = c;
          epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
        }
        continue;
      }
      ssize_t got = recv(c->fd, c->buffer + c->have, sizeof c->buffer - c->have, 0);
      if (got <= 0) {
        close(c->fd);
        free(c);
        continue;
      }
      c->have += got;
      size_t used = 0, length = 0;
      while (length + size <= sizeof out) {
        char *start = c->buffer + used, *empty = memmem(start, c->have - used, "\r\n\r\n", 4);
        if (!empty) break;
        char *field = memmem(start, empty - start, "Content-Length: ", 16);
        size_t whole = empty + 4 - start + (field ? (size_t)atol(field + 16) : 0);
        if (whole > c->have - used) break;
        used += whole;
        memcpy(out + length, reply, size);
        length += size;
      }
      memmove(c->buffer, c->buffer + used, c->have -= used);
      if (length) send(c->fd, out, length, MSG_NOSIGNAL);
    }
  }
}
