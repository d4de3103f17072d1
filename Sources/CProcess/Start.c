// What the program's start needs that the Swift runtime takes from /proc, which may not be mounted.
#include "CProcess.h"

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
