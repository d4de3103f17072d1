// The load of these benchmarks: one thread, epoll, 127.0.0.1 only, every mode bounded in time.
//
//   load closed -p PORT -f REQUESTS -c CONNECTIONS -d SECONDS [-P DEPTH] [-n MAX] [-S STATUS] [-b BYTES] [-1]
//                                                                    next after the answer; -b: the largest answer,
//                                                                    -1: each request once, in the file's order
//   load open   -p PORT -f REQUESTS -c CONNECTIONS -d SECONDS -R RATE               requests at planned instants
//   load burst  -p PORT -f REQUESTS -c CONNECTIONS -n TIMES                         one request on each, all at once
//   load hold   -p PORT -f REQUESTS -c CONNECTIONS [-s]                             open until stdin ends; -s: streams
//   load fanout -p PORT -t PATH -c READERS -d SECONDS [-k LINES] [-w WINDOW]        one writer, many readers
//   load upload -p PORT -t PATH -f FILE [-k CHUNK]                                  a chunked PUT
//   load first  -p PORT -f REQUESTS -n TIMES -- COMMAND…                            exec to first answer
//
// REQUESTS holds raw requests, each behind its length as 32 bits, little-endian. One JSON object is printed.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int port, epoll_fd, expected = 200;
static bool is_once;

static uint64_t now(void) {  // nanoseconds
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void fail(const char *what) {
  printf("{\"error\":\"%s: %s\"}\n", what, strerror(errno));
  exit(1);
}

// ------------------------------------------------------------------ latencies, kept to 1.6 %
enum { STEPS = 64 };
static uint64_t buckets[64 * STEPS], recorded;

static void record(uint64_t ns) {
  int power = ns < STEPS ? 5 : 63 - __builtin_clzll(ns);
  buckets[power * STEPS + (ns < STEPS ? ns : (ns >> (power - 6)) % STEPS)]++;
  recorded++;
}

static double quantile(double q) {  // microseconds
  uint64_t seen = 0;
  for (int i = 0; i < 64 * STEPS; i++)
    if ((seen += buckets[i]) > q * recorded) {
      int power = i / STEPS;
      return (power == 5 ? (uint64_t)(i % STEPS) : (uint64_t)(STEPS + i % STEPS) << (power - 6)) / 1000.0;
    }
  return 0;
}

// ------------------------------------------------------------------ requests and connections
static struct { const char *bytes; uint32_t length; } *requests;
static uint32_t request_count;

static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  fseek(file, 0, SEEK_END);
  *length = ftell(file);
  rewind(file);
  char *bytes = malloc(*length + 1);
  if (fread(bytes, 1, *length, file) != *length) fail(path);
  fclose(file);
  return bytes;
}

static void read_requests(const char *path) {
  size_t length;
  char *bytes = read_file(path, &length);
  for (size_t at = 0; at + 4 <= length;) {
    uint32_t size;
    memcpy(&size, bytes + at, 4);
    requests = realloc(requests, sizeof *requests * (request_count + 1));
    requests[request_count].bytes = bytes + at + 4;
    requests[request_count++].length = size;
    at += 4 + size;
  }
}

static int dial(void) {  // blocking; -1 when nobody listens
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (void *)&address, sizeof address)) {
    close(fd);
    return -1;
  }
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  // Closing resets: ten thousand connections leave no TIME_WAIT behind.
  struct linger reset = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  struct timeval patience = {60, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return fd;
}

static bool send_all(int fd, const char *bytes, size_t length) {
  while (length) {
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes += sent, length -= sent;
  }
  return true;
}

// The length of the answer at the front, 0 while it is incomplete. head_only: up to the empty line.
static size_t answer(const char *start, const char *end, int *status, bool *closes, bool head_only) {
  if (end - start < 16) return 0;
  *status = atoi(start + 9);
  long length = 0;
  bool chunked = false;
  const char *line = memchr(start, '\n', end - start);
  while (line) {
    line++;
    const char *stop = memchr(line, '\n', end - line);
    if (!stop) return 0;
    if (stop - line <= 1) { line = stop + 1; break; }
    if (!strncasecmp(line, "content-length:", 15)) length = atol(line + 15);
    if (!strncasecmp(line, "transfer-encoding:", 18)) chunked = true;
    if (!strncasecmp(line, "connection:", 11) && memmem(line, stop - line, "close", 5)) *closes = true;
    line = stop;
  }
  if (!line) return 0;
  if (head_only) return line - start;
  if (!chunked) return end - line >= length ? (size_t)(line + length - start) : 0;
  for (;;) {
    const char *stop = memchr(line, '\n', end - line);
    if (!stop) return 0;
    long size = strtol(line, NULL, 16);
    line = stop + 1 + size + 2;
    if (line > end) return 0;
    if (size == 0) return line - start;
  }
}

// One request and its answer on a blocking connection.
static bool exchange(int fd, uint32_t which, bool head_only) {
  static char buffer[1 << 17];
  size_t have = 0;
  if (!send_all(fd, requests[which].bytes, requests[which].length)) return false;
  for (;;) {
    ssize_t got = recv(fd, buffer + have, sizeof buffer - have, 0);
    if (got <= 0) return false;
    have += got;
    int status = 0;
    bool closes = false;
    if (answer(buffer, buffer + have, &status, &closes, head_only)) return status / 100 == 2;
  }
}

// ------------------------------------------------------------------ closed, open, burst
enum { BUFFER = 65536 };  // of a batch; an answer may be told to be larger
static size_t largest = BUFFER;
typedef struct {
  int fd, waiting;
  size_t have;
  uint64_t planned;
  char *buffer;
} connection;

static uint32_t in_order;
static uint64_t good, bad, lost, next_request = 88172645463325252ull;

static void ask(connection *c, int depth, uint64_t planned) {
  char batch[BUFFER];
  size_t length = 0;
  for (int i = 0; i < depth; i++) {
    next_request ^= next_request << 13, next_request ^= next_request >> 7, next_request ^= next_request << 17;
    uint32_t which = is_once ? in_order++ % request_count : next_request % request_count;
    if (length + requests[which].length > sizeof batch) break;
    memcpy(batch + length, requests[which].bytes, requests[which].length);
    length += requests[which].length;
    c->waiting++;
  }
  c->planned = planned;
  if (!send_all(c->fd, batch, length)) bad += c->waiting, c->waiting = 0;
}

static void open_connection(connection *c) {
  c->fd = dial();
  if (c->fd < 0) fail("connect");
  c->have = 0, c->waiting = 0;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
}

// Takes what has arrived; true when nothing is outstanding on the connection any more.
static bool take(connection *c, uint64_t at) {
  ssize_t got = recv(c->fd, c->buffer + c->have, largest - c->have, MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return false;
  bool closes = got <= 0;
  if (got > 0) {
    c->have += got;
    size_t used = 0, length;
    int status = 0;
    while (c->waiting && used < c->have &&
           (length = answer(c->buffer + used, c->buffer + c->have, &status, &closes, false))) {
      used += length;
      c->waiting--;
      if (status == expected) good++;
      else bad++;
      record(at - c->planned);
    }
    memmove(c->buffer, c->buffer + used, c->have -= used);
  }
  if (closes && (got <= 0 || c->waiting == 0)) {
    bad += c->waiting, lost++;
    close(c->fd);
    open_connection(c);
  }
  return c->waiting == 0;
}

static int hammer(int count, double seconds, int depth, double rate, uint64_t most) {
  connection *all = calloc(count, sizeof *all), **idle = calloc(count, sizeof *idle);
  int idle_count = 0;
  uint64_t issued = 0;
  for (int i = 0; i < count; i++) {
    all[i].buffer = malloc(largest);
    open_connection(&all[i]);
  }
  uint64_t start = now(), end = start + seconds * 1e9, at = start;
  for (int i = 0; i < count; i++)
    if (rate > 0) idle[idle_count++] = &all[i];
    else if (!most || issued < most) ask(&all[i], depth, start), issued += depth;
  struct epoll_event events[512];
  while (at < end && !(most && good + bad >= most)) {
    int ready = epoll_wait(epoll_fd, events, 512, rate > 0 ? 0 : 100);
    at = now();
    for (int i = 0; i < ready; i++) {
      connection *c = events[i].data.ptr;
      bool was_asked = c->waiting > 0;
      if (!take(c, at) || !was_asked) continue;
      if (rate > 0) idle[idle_count++] = c;
      else if (!most || issued < most) ask(c, depth, at), issued += depth;
    }
    // Latency counts from the planned instant: a server that stalls cannot hide what it held up.
    for (; rate > 0 && idle_count && start + (uint64_t)(issued * 1e9 / rate) <= now(); issued++)
      ask(idle[--idle_count], 1, start + (uint64_t)(issued * 1e9 / rate));
  }
  double took = (now() - start) / 1e9;
  printf("{\"requests\":%llu,\"bad\":%llu,\"lost\":%llu,\"seconds\":%.4f,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f}\n",
         (unsigned long long)good, (unsigned long long)bad, (unsigned long long)lost, took, quantile(.5), quantile(.99),
         quantile(.999));
  return 0;
}

static int compare(const void *a, const void *b) {
  double difference = *(double *)a - *(double *)b;
  return difference < 0 ? -1 : difference > 0;
}

// One request on every connection at once; the time until the last answer is there.
static int burst(int count, int times) {
  connection *all = calloc(count, sizeof *all);
  for (int i = 0; i < count; i++) {
    all[i].buffer = malloc(largest);
    open_connection(&all[i]);
  }
  double *took = calloc(times, sizeof *took);
  struct epoll_event events[512];
  for (int t = 0; t < times; t++) {
    uint64_t start = now();
    int open = count;
    for (int i = 0; i < count; i++) ask(&all[i], 1, now());
    while (open > 0 && now() - start < 30000000000ull) {
      int ready = epoll_wait(epoll_fd, events, 512, 100);
      for (int i = 0; i < ready; i++) {
        connection *c = events[i].data.ptr;
        if (c->waiting && take(c, now())) open--;
      }
    }
    took[t] = (now() - start) / 1e9;
  }
  qsort(took, times, sizeof *took, compare);
  printf("{\"requests\":%llu,\"bad\":%llu,\"seconds\":%.4f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n", (unsigned long long)good,
         (unsigned long long)bad, took[times / 2], quantile(.5), quantile(.99));
  return 0;
}

// ------------------------------------------------------------------ hold
static int hold(int count, bool streams) {
  int open = 0;
  for (; open < count; open++) {
    int fd = dial();
    if (fd < 0 || !exchange(fd, open % request_count, streams)) break;
  }
  printf("{\"open\":%d}\n", open);
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) {}
  return 0;
}

// ------------------------------------------------------------------ fan-out
// A line is '@', the instant of sending in 16 hexadecimal digits, letters, a line feed. Lines are found
// by their '@', so that chunks may be cut anywhere.
typedef struct {
  int fd, digits;  // digits of an instant seen so far, -1 outside
  bool is_streaming;
  uint64_t instant;
  char head[2048];
  size_t have;
} reader;

static uint64_t delivered;

static void scan(reader *r, const char *p, const char *end, uint64_t at) {
  while (p < end) {
    if (r->digits < 0) {
      p = memchr(p, '@', end - p);
      if (!p) return;
      p++, r->digits = 0, r->instant = 0;
    }
    while (p < end && r->digits < 16) {
      char digit = *p++;
      if (digit == '\r' || digit == '\n') { r->digits = -1; return; }  // never: a line is sent whole
      r->instant = r->instant * 16 + (digit <= '9' ? digit - '0' : digit - 'a' + 10);
      r->digits++;
    }
    if (r->digits == 16) r->digits = -1, delivered++, record(at > r->instant ? at - r->instant : 0);
  }
}

static bool take_stream(reader *r, char *buffer, size_t size, uint64_t at) {
  ssize_t got = recv(r->fd, buffer, size, MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
  if (got < 0) return true;
  if (r->is_streaming) return scan(r, buffer, buffer + got, at), true;
  size_t room = sizeof r->head - r->have, part = (size_t)got < room ? (size_t)got : room;
  memcpy(r->head + r->have, buffer, part);
  r->have += part;
  char *empty = memmem(r->head, r->have, "\r\n\r\n", 4);
  if (empty && !strncmp(r->head + 9, "200", 3)) {
    r->is_streaming = true;
    scan(r, empty + 4, r->head + r->have, at);
  }
  return true;
}

static int fanout(const char *path, int count, double seconds, int lines, int window) {
  enum { LINE = 128, SIZE = 1 << 18 };
  reader *readers = calloc(count, sizeof *readers);
  char *buffer = malloc(SIZE), *post = malloc(lines * LINE + 512), text[512];
  int length = sprintf(text, "GET %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n\r\n", path);
  for (int i = 0; i < count; i++) {
    readers[i].fd = dial(), readers[i].digits = -1;
    if (readers[i].fd < 0 || !send_all(readers[i].fd, text, length)) fail("reader");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &readers[i]};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, readers[i].fd, &event);
  }
  struct epoll_event events[512];
  int streaming = 0;
  for (uint64_t start = now(); streaming < count && now() - start < 20000000000ull;) {
    int ready = epoll_wait(epoll_fd, events, 512, 100);
    for (int i = 0; i < ready; i++) {
      reader *r = events[i].data.ptr;
      bool was = r->is_streaming;
      if (!take_stream(r, buffer, SIZE, now())) fail("a reader's connection ended");
      streaming += r->is_streaming && !was;
    }
    if (!ready && streaming == 0 && now() - start > 3000000000ull) break;
  }
  // A server may hold a reader's head back until there is something to say: then the first line brings it.
  int writer = dial();
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, writer, &event);
  uint64_t start = now(), warm = start + 300000000ull, end = warm + seconds * 1e9, at = start;
  uint64_t published = 0, before = 0, measured = 0, progress = start, last = 0;
  double took = 0;
  bool is_waiting = false;
  char reply[4096];
  size_t have = 0;
  while (at < end + 3000000000ull) {
    if (!before && at >= warm) before = delivered + 1, warm = at;
    if (!took && at >= end) measured = delivered - (before - 1), took = (at - warm) / 1e9;
    if (took && delivered >= published * count) break;
    if (delivered != last) last = delivered, progress = at;
    if (at - progress > 5000000000ull) break;  // it stands: the loss shows in the result
    // At most so many lines are under way to the slowest reader.
    uint64_t next = published + lines;
    bool has_room = next <= (uint64_t)window || (next - window) * count <= delivered;
    if (!is_waiting && at < end && has_room) {
      int head = sprintf(post, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", path, lines * LINE);
      for (int i = 0; i < lines; i++) {
        char *line = post + head + i * LINE;
        memset(line, 'x', LINE - 1);
        sprintf(text, "@%016llx", (unsigned long long)now());
        memcpy(line, text, 17);
        line[LINE - 1] = '\n';
      }
      if (!send_all(writer, post, head + lines * LINE)) fail("publish");
      is_waiting = true, published = next;
    }
    int ready = epoll_wait(epoll_fd, events, 512, 1);
    at = now();
    for (int i = 0; i < ready; i++) {
      reader *r = events[i].data.ptr;
      if (r) {
        if (!take_stream(r, buffer, SIZE, at)) fail("a reader's connection ended");
        continue;
      }
      ssize_t got = recv(writer, reply + have, sizeof reply - have, MSG_DONTWAIT);
      if (got == 0) fail("the writer's connection ended");
      if (got < 0) continue;
      have += got;
      int status = 0;
      bool closes = false;
      size_t used = answer(reply, reply + have, &status, &closes, false);
      if (!used) continue;
      if (status / 100 != 2) bad++;
      have -= used;
      if (status != 100) is_waiting = false;
      memmove(reply, reply + used, have);
    }
  }
  printf("{\"delivered\":%llu,\"expected\":%llu,\"bad\":%llu,\"per_second\":%.0f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n",
         (unsigned long long)delivered, (unsigned long long)published * count, (unsigned long long)bad,
         took ? measured / took : 0, quantile(.5), quantile(.99));
  return 0;
}

// ------------------------------------------------------------------ upload
static int upload(const char *path, const char *file, size_t chunk) {
  size_t length;
  char *bytes = read_file(file, &length), *framed = malloc(length + (length / chunk + 2) * 24), *p = framed;
  for (size_t at = 0; at < length; at += chunk) {
    size_t size = length - at < chunk ? length - at : chunk;
    p += sprintf(p, "%zx\r\n", size);
    memcpy(p, bytes + at, size);
    p += size;
    *p++ = '\r', *p++ = '\n';
  }
  p += sprintf(p, "0\r\n\r\n");
  int fd = dial();
  if (fd < 0) fail("connect");
  char head[512], reply[65536];
  int head_length = sprintf(head,
      "PUT %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer bench\r\nContent-Type: application/octet-stream\r\n"
      "Transfer-Encoding: chunked\r\n\r\n", path);
  uint64_t start = now();
  send_all(fd, head, head_length);
  bool sent = send_all(fd, framed, p - framed);
  size_t have = 0;
  int status = 0;
  bool closes = false;
  for (ssize_t got; (got = recv(fd, reply + have, sizeof reply - have, 0)) > 0;) {
    have += got;
    if (answer(reply, reply + have, &status, &closes, false) && status != 100) break;
  }
  printf("{\"status\":%d,\"sent\":%s,\"bytes\":%zu,\"seconds\":%.4f}\n", status, sent ? "true" : "false", length, (now() - start) / 1e9);
  return 0;
}

// ------------------------------------------------------------------ first answer
static int first(int times, char **command) {
  double *took = calloc(times, sizeof *took);
  int counted = 0;
  for (volatile int t = 0; t < times; t++) {
    uint64_t start = now();
    pid_t child = vfork();
    if (child == 0) {
      int nowhere = open("/dev/null", O_RDWR);
      dup2(nowhere, 0), dup2(nowhere, 1), dup2(nowhere, 2);
      execvp(command[0], command);
      _exit(127);
    }
    bool answered = false;
    int status;
    while (!answered && now() - start < 10000000000ull && waitpid(child, &status, WNOHANG) == 0) {
      int fd = dial();
      if (fd >= 0) answered = exchange(fd, 0, false), close(fd);
      else usleep(50);
    }
    if (answered) took[counted++] = (now() - start) / 1e6;
    kill(child, SIGTERM);
    for (uint64_t asked = now(); waitpid(child, &status, WNOHANG) == 0; usleep(200))
      if (now() - asked > 2000000000ull) kill(child, SIGKILL);
    for (int fd; (fd = dial()) >= 0; usleep(1000)) close(fd);
  }
  if (!counted) fail("it never answered");
  qsort(took, counted, sizeof *took, compare);
  printf("{\"counted\":%d,\"least_ms\":%.2f,\"median_ms\":%.2f,\"most_ms\":%.2f}\n", counted, took[0], took[counted / 2],
         took[counted - 1]);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const char *mode = argv[1], *file = NULL, *path = "/";
  int connections = 64, depth = 1, window = 64;
  long size = 0;
  uint64_t count = 0;
  double seconds = 1.5, rate = 0;
  bool streams = false;
  optind = 2;
  for (int option; (option = getopt(argc, argv, "+p:f:t:c:d:n:P:R:S:k:w:b:s1")) != -1;) switch (option) {
      case 'p': port = atoi(optarg); break;
      case 'f': file = optarg; break;
      case 't': path = optarg; break;
      case 'c': connections = atoi(optarg); break;
      case 'd': seconds = atof(optarg); break;
      case 'n': count = strtoull(optarg, NULL, 10); break;
      case 'P': depth = atoi(optarg); break;
      case 'R': rate = atof(optarg); break;
      case 'S': expected = atoi(optarg); break;
      case 'k': size = atol(optarg); break;
      case 'w': window = atoi(optarg); break;
      case 'b': largest = atol(optarg); break;
      case 's': streams = true; break;
      case '1': is_once = true; break;
      default: return 2;
    }
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (!strcmp(mode, "upload")) return upload(path, file, size ? size : 65536);
  if (!strcmp(mode, "fanout")) return fanout(path, connections, seconds, size ? size : 16, window);
  if (!file) return 2;
  read_requests(file);
  if (is_once) count = request_count;
  if (!strcmp(mode, "closed")) return hammer(connections, seconds, depth, 0, count);
  if (!strcmp(mode, "open")) return hammer(connections, seconds, 1, rate, count);
  if (!strcmp(mode, "burst")) return burst(connections, count ? count : 5);
  if (!strcmp(mode, "hold")) return hold(connections, streams);
  if (!strcmp(mode, "first")) return first(count ? count : 10, argv + optind);
  return 2;
}
