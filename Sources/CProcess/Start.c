// What the Swift runtime takes from /proc, which may not be mounted.
#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int argument_count;
static char **argument_list;

// glibc hands every constructor what it hands main.
__attribute__((constructor)) static void keep_arguments(int count, char **arguments) {
  argument_count = count;
  argument_list = arguments;
}

int wavetank_argument_count(void) { return argument_count; }

const char *wavetank_argument(int index) { return index < argument_count ? argument_list[index] : 0; }

// Before main the runtime looks for its backtracer beside the program, and ends the process where it cannot
// learn where that lies. The manifest puts this in its place: one file has no backtracer beside it.
char *__wrap_swift_copyAuxiliaryExecutablePath(const char *name) {
  (void)name;
  return 0;
}

// `/proc/N/stat`.
static bool is_state_of_thread(const char *path) {
  if (strncmp(path, "/proc/", 6) != 0) return false;
  size_t digits = strspn(path + 6, "0123456789");
  return digits > 0 && strcmp(path + 6 + digits, "/stat") == 0;
}

// Once a second Dispatch reads what each of its threads does, and ends the process where it cannot open that:
// the thread must be gone, it thinks. An empty file is a state that it cannot read, which it passes over.
// The manifest puts this in the place of `open`.
int __wrap_open(const char *path, int flags, ...) {
  mode_t mode = 0;
  if (flags & (O_CREAT | __O_TMPFILE)) {
    va_list more;
    va_start(more, flags);
    mode = va_arg(more, mode_t);
    va_end(more);
  }
  int file = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  if (file < 0 && errno == ENOENT && is_state_of_thread(path)) return memfd_create("stat", MFD_CLOEXEC);
  return file;
}
