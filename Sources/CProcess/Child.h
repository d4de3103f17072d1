// What the files of this module share: of the child, so system calls only.
#ifndef WAVETANK_CHILD_H
#define WAVETANK_CHILD_H
#include <stddef.h>

int wavetank_write_file(const char *path, const char *text, size_t length);
int wavetank_map_identity(const char *path, unsigned long identity);
// In a network of its own: there is a loopback then, and nothing else.
int wavetank_raise_loopback(void);
// There: what shows each connection that is begun to an address outside, or -1 where the kernel cannot.
int wavetank_watch_refusals(void);

#endif
