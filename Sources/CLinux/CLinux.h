// The Linux headers that Glibc's own module leaves out. Includes only, no code.
#ifndef WAVETANK_CLINUX_H
#define WAVETANK_CLINUX_H
#include <malloc.h>
#include <pthread.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
// These are hidden behind _GNU_SOURCE, which a module may not define for its importer.
int pthread_setattr_default_np(const pthread_attr_t *attributes);
int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
#endif
