// A program that sees no network but the one that is made for it.
//
// The child first makes all that it will see, shows its sockets, and waits for leave: what fails, fails before
// anything of the program has run.
#define _GNU_SOURCE
#include "CProcess.h"
#include "Child.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

// What the child says: what failed, or `WAVETANK_STAGE_NONE` with its sockets, of which `present` tells
// those that there are, and behind them what sees refusals.
struct word {
  int stage;
  int code;
  unsigned present;
  unsigned is_watched;
};

union ancillary {
  struct cmsghdr head;
  char room[CMSG_SPACE(WAVETANK_DESCRIPTORS_MAX * sizeof(int))];
};

static void end_child(int control, int stage) {
  struct word word = {stage, errno, 0, 0};
  (void)!send(control, &word, sizeof word, MSG_NOSIGNAL);
  _exit(127);
}

static int open_socket(struct wavetank_socket wanted) {
  int type = wanted.is_stream ? SOCK_STREAM : SOCK_DGRAM;
  int made = socket(wanted.is_v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made < 0) return -1;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  memset(&v4, 0, sizeof v4);
  memset(&v6, 0, sizeof v6);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(wanted.port);
  v4.sin_addr.s_addr = htonl(wanted.address);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(wanted.port);
  v6.sin6_addr = in6addr_loopback;
  const void *address = wanted.is_v6 ? (const void *)&v6 : (const void *)&v4;
  if (bind(made, address, wanted.is_v6 ? sizeof v6 : sizeof v4) < 0) return -1;
  if (wanted.is_stream && listen(made, 1024) < 0) return -1;
  return made;
}

static int show_sockets(const struct wavetank_isolated *order, int control) {
  int made[WAVETANK_DESCRIPTORS_MAX], count = 0;
  struct word word = {WAVETANK_STAGE_NONE, 0, 0, 0};
  for (int at = 0; at < order->socket_count; at++) {
    int fd = open_socket(order->sockets[at]);
    // A machine without IPv6 goes on without.
    if (fd < 0 && order->sockets[at].is_v6) continue;
    if (fd < 0) return -1;
    word.present |= 1u << at;
    made[count++] = fd;
  }
  int watch = wavetank_watch_refusals();
  if (watch >= 0) {
    word.is_watched = 1;
    made[count++] = watch;
  }
  int result = wavetank_send_descriptors(control, &word, sizeof word, made, count);
  if (result < 0) {
    errno = -result;
    return -1;
  }
  for (int at = 0; at < count; at++) close(made[at]);
  return 0;
}

static int cover_files(const char *const *covers) {
  // What is put here stays here; what the machine mounts later is seen.
  if (mount(0, "/", 0, MS_REC | MS_SLAVE, 0) < 0) return -1;
  for (; covers[0]; covers += 2)
    if (mount(covers[0], covers[1], 0, MS_BIND | MS_REC, 0) < 0) return -1;
  return 0;
}

static void become_isolated(const struct wavetank_isolated *order, int control) {
  if (order->isolation & WAVETANK_OWN_USERS) {
    if (wavetank_write_file("/proc/self/setgroups", "deny", 4) < 0
        || wavetank_map_identity("/proc/self/uid_map", order->user) < 0
        || wavetank_map_identity("/proc/self/gid_map", order->group) < 0)
      end_child(control, WAVETANK_STAGE_IDENTITY);
  }
  if (wavetank_raise_loopback() < 0) end_child(control, WAVETANK_STAGE_NETWORK);
  if (cover_files(order->covers) < 0) end_child(control, WAVETANK_STAGE_FILES);
  if (show_sockets(order, control) < 0) end_child(control, WAVETANK_STAGE_NETWORK);
  char leave;
  long got;
  do got = recv(control, &leave, 1, 0); while (got < 0 && errno == EINTR);
  if (got != 1) _exit(127);

  // As a program begins without us: what we ignore for ourselves is not its to inherit. SIGHUP we do not:
  // if it is ignored, it was so before us, as by `nohup`.
  for (int number = 1; number < NSIG; number++) {
    struct sigaction action;
    if (sigaction(number, 0, &action) == 0 && action.sa_handler != SIG_IGN) signal(number, SIG_DFL);
  }
  const int ours[] = {SIGINT, SIGTERM, SIGQUIT, SIGPIPE, SIGXFSZ};
  for (size_t at = 0; at < sizeof ours / sizeof *ours; at++) signal(ours[at], SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  // Searches PATH without taking memory or a lock.
  execvpe(order->arguments[0], order->arguments, order->environment);
  end_child(control, WAVETANK_STAGE_PROGRAM);
}

// The child's word, with its sockets where there are any. An end without one is the program's begin.
static struct word hear(int control, int *descriptors, int *count) {
  struct word word = {WAVETANK_STAGE_NONE, 0, 0, 0};
  struct iovec part = {&word, sizeof word};
  union ancillary ancillary;
  struct msghdr message;
  memset(&message, 0, sizeof message);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.room;
  message.msg_controllen = sizeof ancillary.room;
  long got;
  do got = recvmsg(control, &message, MSG_CMSG_CLOEXEC); while (got < 0 && errno == EINTR);
  *count = 0;
  struct cmsghdr *head = got > 0 ? CMSG_FIRSTHDR(&message) : 0;
  if (!head || head->cmsg_type != SCM_RIGHTS) return word;
  *count = (int)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
  memcpy(descriptors, CMSG_DATA(head), *count * sizeof(int));
  return word;
}

int wavetank_isolate(const struct wavetank_isolated *order, struct wavetank_awaiting *awaiting) {
  int pair[2];
  awaiting->stage = WAVETANK_STAGE_NAMESPACES;
  if (order->socket_count > WAVETANK_SOCKETS_MAX) return -EINVAL;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return -errno;
  unsigned long flags = SIGCHLD | CLONE_NEWNS | CLONE_NEWNET;
  if (order->isolation & WAVETANK_OWN_USERS) flags |= CLONE_NEWUSER;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int pid = (int)syscall(SYS_clone, flags, 0, 0, 0, 0);
  if (pid == 0) {
    close(pair[0]);
    become_isolated(order, pair[1]);
  }
  int code = errno;
  pthread_sigmask(SIG_SETMASK, &before, 0);
  close(pair[1]);
  if (pid < 0) {
    close(pair[0]);
    return -code;
  }
  int count, descriptors[WAVETANK_DESCRIPTORS_MAX];
  struct word word = hear(pair[0], descriptors, &count);
  if (word.stage == WAVETANK_STAGE_NONE && count > 0) {
    for (int at = 0, next = 0; at < WAVETANK_SOCKETS_MAX; at++)
      awaiting->descriptors[at] = word.present & 1u << at ? descriptors[next++] : -1;
    awaiting->watch = word.is_watched ? descriptors[count - 1] : -1;
    awaiting->control = pair[0];
    return pid;
  }
  close(pair[0]);
  while (waitpid(pid, 0, 0) < 0 && errno == EINTR) {}
  awaiting->stage = word.stage;
  return word.code ? -word.code : -EPROTO;
}

int wavetank_begin(int pid, int control) {
  int count, descriptors[WAVETANK_DESCRIPTORS_MAX];
  struct word word = {WAVETANK_STAGE_NONE, 0, 0, 0};
  if (send(control, "g", 1, MSG_NOSIGNAL) == 1) word = hear(control, descriptors, &count);
  close(control);
  if (word.stage == WAVETANK_STAGE_NONE) return 0;
  while (waitpid(pid, 0, 0) < 0 && errno == EINTR) {}
  return -word.code;
}
