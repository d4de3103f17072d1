// A process with limits and namespaces of its own.
//
// The one file that is C: between clone and exec nothing may run that takes a lock or memory, since other
// threads may have held them, and Swift promises neither.
#define _GNU_SOURCE
#include "CProcess.h"
#include "Child.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

// Of the child: only system calls, on memory that the parent keeps until the child has executed or ended.

static void end_child(int report) {
  int code = errno;
  (void)!write(report, &code, sizeof code);
  _exit(127);
}

int wavetank_write_file(const char *path, const char *text, size_t length) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  long written = write(fd, text, length);
  int code = errno;
  close(fd);
  errno = code;
  return written == (long)length ? 0 : -1;
}

static size_t write_number(char *text, unsigned long value) {
  char digits[24];
  size_t count = 0, at = 0;
  do digits[count++] = (char)('0' + value % 10); while ((value /= 10) > 0);
  while (count > 0) text[at++] = digits[--count];
  return at;
}

// Which numbers exist inside: so many from `inner`, which are those from `outer` outside.
static int map_identities(
    const char *path, unsigned long inner, unsigned long outer, unsigned long count) {
  char text[80];
  size_t length = write_number(text, inner);
  text[length++] = ' ';
  length += write_number(text + length, outer);
  text[length++] = ' ';
  length += write_number(text + length, count);
  return wavetank_write_file(path, text, length);
}

int wavetank_map_identity(const char *path, unsigned long identity) {
  return map_identities(path, identity, identity, 1);
}

// What only the parent may do, which has its rights outside.
static int map_users(int pid, const struct wavetank_child *child) {
  static const char *const names[] = {"/uid_map", "/gid_map"};
  const unsigned first[] = {child->user, child->group};
  for (int at = 0; at < 2; at++) {
    char path[64];
    memcpy(path, "/proc/", 6);
    size_t length = 6 + write_number(path + 6, (unsigned long)pid);
    memcpy(path + length, names[at], strlen(names[at]) + 1);
    if (map_identities(path, 0, first[at], child->user_count) < 0) return -1;
  }
  return 0;
}

// Waits until the parent has mapped the users, and becomes the first of them.
static int become_first_user(const int mapped[2]) {
  char byte;
  close(mapped[1]);
  if (read(mapped[0], &byte, 1) != 1) {
    errno = EPERM;
    return -1;
  }
  // The raw calls: the library's would ask its other threads, which are not here.
  if (syscall(SYS_setgroups, 0, (void *)0) < 0 || syscall(SYS_setresgid, 0, 0, 0) < 0) return -1;
  return syscall(SYS_setresuid, 0, 0, 0) < 0 ? -1 : 0;
}

int wavetank_raise_loopback(void) {
  int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) return -1;
  struct ifreq request;
  memset(&request, 0, sizeof request);
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(control, SIOCSIFFLAGS, &request) < 0) return -1;
  return close(control);
}

static int open_network(unsigned short port, int through) {
  if (wavetank_raise_loopback() < 0) return -1;
  if (port == 0) return 0;

  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return -1;
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) return -1;
  if (listen(listener, 128) < 0) return -1;

  int result = wavetank_send_descriptors(through, "l", 1, &listener, 1);
  close(listener);
  if (result == 0) return 0;
  errno = -result;
  return -1;
}

static int set_limit(int resource, unsigned long most) {
  if (most == 0) return 0;
  struct rlimit now;
  if (getrlimit(resource, &now) < 0) return -1;
  struct rlimit limit = {most, most};
  if (now.rlim_max < most) limit.rlim_cur = limit.rlim_max = now.rlim_max;
  return setrlimit(resource, &limit);
}

// By number: headers of 2022 lack names.
enum { OPEN_TREE = 428, MOVE_MOUNT = 429 };

static int is_taken_along(const struct wavetank_shown *step) {
  return step->kind == WAVETANK_SHOW_TREE || step->kind == WAVETANK_SHOW_FILE;
}

// Takes what is to be shown along, as long as it may go to it: it is still who owns that.
static int take_along(const struct wavetank_child *child, int *taken) {
  if (child->shown_count > WAVETANK_SHOWN_MAX) {
    errno = E2BIG;
    return -1;
  }
  // What is put here stays here; what the machine mounts later is seen.
  if (mount(0, "/", 0, MS_REC | MS_SLAVE, 0) < 0) return -1;
  for (int at = 0; at < child->shown_count; at++) {
    if (!is_taken_along(&child->shown[at])) continue;
    const unsigned flags = 1U /* OPEN_TREE_CLONE */ | O_CLOEXEC | 0x8000U /* AT_RECURSIVE */;
    taken[at] = (int)syscall(OPEN_TREE, AT_FDCWD, child->shown[at].path, flags);
    if (taken[at] < 0) return -1;
  }
  return 0;
}

// Puts it where the closed folders were.
static int show(const struct wavetank_child *child, const int *taken) {
  for (int at = 0; at < child->shown_count; at++) {
    const struct wavetank_shown *step = &child->shown[at];
    int result = 0;
    switch (step->kind) {
    case WAVETANK_SHOW_BARE:
      result = mount("wavetank", step->path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m");
      break;
    case WAVETANK_SHOW_FOLDER:
      result = mkdir(step->path, 0755) < 0 && errno != EEXIST ? -1 : 0;
      break;
    case WAVETANK_SHOW_LINK:
      result = symlink(step->target, step->path);
      break;
    case WAVETANK_SHOW_FILE:
      result = mknod(step->path, S_IFREG | 0644, 0);
      break;
    }
    if (result < 0) return -1;
    // MOVE_MOUNT_F_EMPTY_PATH
    if (is_taken_along(step) && syscall(MOVE_MOUNT, taken[at], "", AT_FDCWD, step->path, 4U) < 0) return -1;
  }
  return 0;
}

static int maps_users(const struct wavetank_child *child) {
  return (child->isolation & WAVETANK_OWN_USERS) && child->user_count > 0;
}

static void become_program(const struct wavetank_child *child, int report, const int mapped[2]) {
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  if (setsid() < 0) end_child(report);
  int taken[WAVETANK_SHOWN_MAX];
  if (child->shown_count > 0 && take_along(child, taken) < 0) end_child(report);
  if (maps_users(child)) {
    if (become_first_user(mapped) < 0) end_child(report);
  } else if (child->isolation & WAVETANK_OWN_USERS) {
    if (wavetank_write_file("/proc/self/setgroups", "deny", 4) < 0) end_child(report);
    if (wavetank_map_identity("/proc/self/uid_map", child->user) < 0) end_child(report);
    if (wavetank_map_identity("/proc/self/gid_map", child->group) < 0) end_child(report);
  }
  if (show(child, taken) < 0) end_child(report);
  if (child->isolation & WAVETANK_OWN_NETWORK
      && open_network(child->port, child->listener_socket) < 0)
    end_child(report);

  // First out of the way of one another, then to their places.
  int moved[16];
  if (child->descriptor_count > 16) { errno = EMFILE; end_child(report); }
  int safe_report = fcntl(report, F_DUPFD_CLOEXEC, 64);
  if (safe_report < 0) end_child(report);
  for (int at = 0; at < child->descriptor_count; at++) {
    moved[at] = fcntl(child->descriptors[at], F_DUPFD_CLOEXEC, 64);
    if (moved[at] < 0) end_child(safe_report);
  }
  for (int at = 0; at < child->descriptor_count; at++)
    if (dup2(moved[at], at) < 0) end_child(safe_report);
  // Close on exec rather than now: the report is one of them.
  syscall(SYS_close_range, (unsigned)child->descriptor_count, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);

  if (child->directory && chdir(child->directory) < 0) end_child(safe_report);
  struct rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (set_limit(RLIMIT_DATA, child->data_bytes) < 0
      || set_limit(RLIMIT_FSIZE, child->file_bytes) < 0
      || set_limit(RLIMIT_CPU, child->cpu_seconds) < 0
      || set_limit(RLIMIT_NPROC, child->processes) < 0
      || set_limit(RLIMIT_NOFILE, child->open_files) < 0)
    end_child(safe_report);
  if (child->user != 0 && !(child->isolation & WAVETANK_OWN_USERS)) {
    if (syscall(SYS_setgroups, 0, (void *)0) < 0 || syscall(SYS_setresgid, child->group, child->group, child->group) < 0
        || syscall(SYS_setresuid, child->user, child->user, child->user) < 0)
      end_child(safe_report);
  }
  // After the user, whose change would take it back. The server's end is the child's.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0
      || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    end_child(safe_report);
  execve(child->path, child->arguments, child->environment);
  end_child(safe_report);
}

int wavetank_spawn(const struct wavetank_child *child) {
  int report[2], mapped[2];
  if (pipe2(report, O_CLOEXEC) < 0) return -errno;
  if (pipe2(mapped, O_CLOEXEC) < 0) {
    int code = errno;
    close(report[0]);
    close(report[1]);
    return -code;
  }
  unsigned long flags = SIGCHLD;
  if (child->isolation & WAVETANK_OWN_PROCESSES) flags |= CLONE_NEWPID;
  if (child->isolation & WAVETANK_OWN_NETWORK) flags |= CLONE_NEWNET;
  if (child->isolation & WAVETANK_OWN_USERS) flags |= CLONE_NEWUSER;
  if (child->shown_count > 0) flags |= CLONE_NEWNS;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int pid = (int)syscall(SYS_clone, flags, 0, 0, 0, 0);
  if (pid == 0) become_program(child, report[1], mapped);
  int code = errno;
  pthread_sigmask(SIG_SETMASK, &before, 0);
  close(report[1]);
  // Without the byte it ends: its users are not mapped.
  if (pid > 0 && maps_users(child) && map_users(pid, child) == 0) (void)!write(mapped[1], "u", 1);
  close(mapped[0]);
  close(mapped[1]);
  if (pid < 0) {
    close(report[0]);
    return -code;
  }
  long got;
  do got = read(report[0], &code, sizeof code); while (got < 0 && errno == EINTR);
  close(report[0]);
  if (got != sizeof code) return pid;
  while (waitpid(pid, 0, 0) < 0 && errno == EINTR) {}
  return -code;
}

int wavetank_receive_descriptor(int through) {
  char byte;
  struct iovec part = {&byte, 1};
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(int))];
  } ancillary;
  struct msghdr message;
  memset(&message, 0, sizeof message);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.room;
  message.msg_controllen = sizeof ancillary.room;
  long got;
  do got = recvmsg(through, &message, MSG_CMSG_CLOEXEC); while (got < 0 && errno == EINTR);
  if (got < 0) return -errno;
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  if (!head || head->cmsg_type != SCM_RIGHTS) return -EPROTO;
  int descriptor;
  memcpy(&descriptor, CMSG_DATA(head), sizeof descriptor);
  return descriptor;
}

int wavetank_send_descriptors(
    int through, const void *content, size_t length, const int *descriptors, int count) {
  struct iovec part = {(void *)content, length};
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE(WAVETANK_DESCRIPTORS_MAX * sizeof(int))];
  } ancillary;
  if (count > WAVETANK_DESCRIPTORS_MAX) return -EINVAL;
  struct msghdr message;
  memset(&message, 0, sizeof message);
  memset(&ancillary, 0, sizeof ancillary);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = ancillary.room;
  message.msg_controllen = CMSG_SPACE(count * sizeof(int));
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(count * sizeof(int));
  memcpy(CMSG_DATA(head), descriptors, count * sizeof(int));
  long sent;
  do sent = sendmsg(through, &message, MSG_NOSIGNAL); while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : 0;
}

int wavetank_pidfd(int pid) {
  int fd = (int)syscall(434 /* SYS_pidfd_open */, pid, 0);
  return fd < 0 ? -errno : fd;
}
