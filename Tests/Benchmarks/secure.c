// The load over TLS: one thread, 127.0.0.1 only, every mode bounded in time. The server's CPU time is what is
// measured, so this may be simple.
//
//   secure tls-closed     -p PORT -f REQUEST -c CONNECTIONS -d SECONDS   one request on each in turn, then their answers
//   secure tls-handshakes -p PORT -f REQUEST -d SECONDS                  full handshakes, one after the other, a request each
//   secure tls-hold       -p PORT -f REQUEST -c CONNECTIONS              one request on each, then open until stdin ends
//
// REQUEST holds one raw request behind its length, as for `load`. Certificates are not verified: that is the client's
// work, not the server's. One JSON object is printed.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int port;
static SSL_CTX *context;
static char request[4096];
static uint32_t request_length;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what) {
  printf("{\"error\":\"%s: %s\"}\n", what, strerror(errno));
  exit(1);
}

static SSL *dial(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
  if (fd < 0) return NULL;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct timeval limit = {.tv_sec = 10};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) return close(fd), NULL;
  SSL *session = SSL_new(context);
  SSL_set_fd(session, fd);
  SSL_set_tlsext_host_name(session, "localhost");
  if (SSL_connect(session) == 1) return session;
  SSL_free(session);
  close(fd);
  return NULL;
}

static void hang_up(SSL *session) {
  int fd = SSL_get_fd(session);
  SSL_shutdown(session);
  SSL_free(session);
  close(fd);
}

static int ask(SSL *session) { return SSL_write(session, request, request_length) > 0; }

// The answers are small: each comes in one record, or in two.
static int answered(SSL *session) {
  char answer[8192];
  int have = 0;
  while (have < (int)sizeof answer - 1) {
    int count = SSL_read(session, answer + have, sizeof answer - 1 - have);
    if (count <= 0) return 0;
    answer[have += count] = 0;
    char *end = strstr(answer, "\r\n\r\n"), *length = strcasestr(answer, "content-length:");
    if (end && length && have >= end + 4 - answer + atoi(length + 15)) return strncmp(answer, "HTTP/1.1 200", 12) == 0;
  }
  return 0;
}

int main(int count, char **words) {
  int connections = 1;
  double seconds = 1;
  for (int i = 2; i + 1 < count; i += 2) switch (words[i][1]) {
      case 'p': port = atoi(words[i + 1]); break;
      case 'c': connections = atoi(words[i + 1]); break;
      case 'd': seconds = atof(words[i + 1]); break;
      case 'f': {
        FILE *file = fopen(words[i + 1], "rb");
        if (!file || fread(&request_length, 4, 1, file) != 1 || request_length > sizeof request ||
            fread(request, request_length, 1, file) != 1) fail("request");
        fclose(file);
      }
    }
  if (count < 2 || !port || !request_length) fail("usage");
  context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  uint64_t requests = 0, bad = 0;
  double start = now();
  if (!strcmp(words[1], "tls-handshakes")) {
    while (now() - start < seconds) {
      SSL *session = dial();
      if (!session) fail("connect");
      if (!ask(session) || !answered(session)) bad++;
      hang_up(session);
      requests++;
    }
  } else {
    SSL **sessions = calloc(connections, sizeof *sessions);
    int open = 0;
    for (; open < connections; open++)
      if (!(sessions[open] = dial()) || !ask(sessions[open]) || !answered(sessions[open])) break;
    if (!strcmp(words[1], "tls-hold")) {
      printf("{\"open\":%d}\n", open);
      fflush(stdout);
      char byte;
      while (read(0, &byte, 1) > 0) {}
      return 0;
    }
    if (open < connections) fail("connect");
    for (start = now(); now() - start < seconds; requests += open) {
      for (int i = 0; i < open; i++) ask(sessions[i]);
      for (int i = 0; i < open; i++)
        if (!answered(sessions[i])) bad++;
    }
    // Their handshakes and first requests were this sample's, too.
    requests += open;
  }
  printf("{\"requests\":%llu,\"bad\":%llu,\"per_second\":%.0f}\n", (unsigned long long)requests, (unsigned long long)bad,
         requests / (now() - start));
  return 0;
}
