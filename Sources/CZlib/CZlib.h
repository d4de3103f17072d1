// The system's zlib. Includes only, no code.
#ifndef WAVETANK_CZLIB_H
#define WAVETANK_CZLIB_H
#include <zlib.h>
#endif
