// Signals as bytes in a pipe: a handler may do no more.
#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static volatile int notes = -1;

static void note(int number) {
  int before = errno;
  unsigned char byte = (unsigned char)number;
  // A full pipe tells as much as one more byte would.
  ssize_t written = write(notes, &byte, 1);
  (void)written;
  errno = before;
}

int wavetank_signals_open(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return -errno;
  notes = ends[1];
  return ends[0];
}

int wavetank_signals_catch(int number) {
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  sigfillset(&action.sa_mask);
  return sigaction(number, &action, 0) < 0 ? -errno : 0;
}
