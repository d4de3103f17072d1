// The files that are part of the program, as text. Read next: `CResources.c`.
#ifndef WAVETANK_CRESOURCES_H
#define WAVETANK_CRESOURCES_H

struct wavetank_resource {
  // Its folder's subject and the file's own name; a null pointer behind the last one.
  const char *name;
  // UTF-8 that ends in a NUL.
  const unsigned char *text;
};

const struct wavetank_resource *wavetank_resources(void);

#endif
