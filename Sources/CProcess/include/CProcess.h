// A process with limits and namespaces of its own; see CProcess.c.
#ifndef WAVETANK_CPROCESS_H
#define WAVETANK_CPROCESS_H
#include <stddef.h>

// The arguments of this process as the kernel gave them, the program's name first.
int wavetank_argument_count(void);
const char *wavetank_argument(int index);

// Where the numbers of caught signals can be read, a byte each; or a negative errno. The last one opened
// gets them.
int wavetank_signals_open(void);
// From now on a signal is noted there; 0 or a negative errno.
int wavetank_signals_catch(int number);

// What a child gets of its own. Bits.
enum { WAVETANK_OWN_PROCESSES = 1, WAVETANK_OWN_NETWORK = 2, WAVETANK_OWN_USERS = 4 };

// A step by which the child is shown what lies in folders that are closed to it.
enum {
  // A bare folder in the place of the closed one.
  WAVETANK_SHOW_BARE,
  WAVETANK_SHOW_FOLDER,
  // What lies there now, with all below it. There is a folder by then.
  WAVETANK_SHOW_TREE,
  WAVETANK_SHOW_FILE,
  WAVETANK_SHOW_LINK
};

enum { WAVETANK_SHOWN_MAX = 256 };

struct wavetank_shown {
  int kind;
  const char *path;
  // Of a link: where it leads.
  const char *target;
};

struct wavetank_child {
  const char *path;
  char *const *arguments;
  char *const *environment;
  const char *directory;
  // They become 0, 1, 2 and so on; all others are closed.
  const int *descriptors;
  int descriptor_count;
  int isolation;
  // Who it is; 0: who we are. Without namespace for users only root can change it.
  unsigned user;
  unsigned group;
  // In a namespace for users, made by root: how many users there are inside, of which it is the first,
  // root there and `user` outside. 0: it alone, by its own number.
  unsigned user_count;
  // 0: no limit of ours.
  unsigned long data_bytes;
  unsigned long file_bytes;
  unsigned long cpu_seconds;
  unsigned long processes;
  unsigned long open_files;
  // In a network of its own: listens on that port of 127.0.0.1 and sends the socket through
  // `listener_socket`.
  unsigned short port;
  int listener_socket;
  // In a namespace for mounts, where there is any: in this order.
  const struct wavetank_shown *shown;
  int shown_count;
};

// Starts the process and waits until its program has begun. Gives its number, or the negative errno of
// what failed. The calling thread must live as long as the child: its end is the child's.
int wavetank_spawn(const struct wavetank_child *child);

// The descriptor that came through a socket, or a negative errno.
int wavetank_receive_descriptor(int through);

enum { WAVETANK_DESCRIPTORS_MAX = 32 };

// Sends a packet with descriptors, so many at most; 0 or a negative errno. System calls only.
int wavetank_send_descriptors(
    int through, const void *content, size_t length, const int *descriptors, int count);

// A socket of a network of its own. `address` of IPv4, in this machine's order; of IPv6 it is ::1.
struct wavetank_socket {
  unsigned address;
  unsigned short port;
  unsigned char is_stream;
  unsigned char is_v6;
};

enum { WAVETANK_SOCKETS_MAX = 31 };

// A program with our terminal and in our process group that sees no network but its own; see Isolation.c.
struct wavetank_isolated {
  char *const *arguments;
  char *const *environment;
  // Beside mounts and network, which it always has of its own: WAVETANK_OWN_USERS.
  int isolation;
  unsigned user;
  unsigned group;
  // In pairs: what is put over what; a null pointer at the end.
  const char *const *covers;
  const struct wavetank_socket *sockets;
  int socket_count;
};

// What could not be done.
enum {
  WAVETANK_STAGE_NONE,
  WAVETANK_STAGE_NAMESPACES,
  WAVETANK_STAGE_IDENTITY,
  WAVETANK_STAGE_NETWORK,
  WAVETANK_STAGE_FILES,
  WAVETANK_STAGE_PROGRAM
};

struct wavetank_awaiting {
  int stage;
  int control;
  // In the order in which they are wanted; -1: there is no such address here.
  int descriptors[WAVETANK_SOCKETS_MAX];
  // A packet for each connection that the program begins to an address outside of loopback, where it is
  // refused; -1: such connections are refused unseen.
  int watch;
};

// Makes the process, which waits for `wavetank_begin` with its sockets open. Gives its number, or the
// negative errno of what failed, and in `awaiting` where.
int wavetank_isolate(const struct wavetank_isolated *order, struct wavetank_awaiting *awaiting);

// Lets it become the program; 0, or the negative errno of why it is none.
int wavetank_begin(int pid, int control);

// A descriptor that can be read once the process has ended, or a negative errno.
int wavetank_pidfd(int pid);

#endif
