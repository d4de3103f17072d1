// Which addresses a program tries to reach in a network in which there is loopback alone.
//
// The kernel refuses them for want of a route, unseen. So TCP gets one: every address is this machine's
// own, and nobody listens there. The connection is refused as before, and its first segment passes by on
// loopback, where it is seen. All else has no route still: datagrams are refused at once, which nothing
// would tell their sender otherwise.
#define _GNU_SOURCE
#include "Child.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// Loopback is the first interface of each network.
enum { LOOPBACK_INDEX = 1 };

struct order {
  struct nlmsghdr head;
  union {
    struct rtmsg route;
    struct fib_rule_hdr rule;
  } body;
  char attributes[64];
};

static struct order begun(unsigned short type, size_t body, int is_new) {
  struct order order;
  memset(&order, 0, sizeof order);
  order.head.nlmsg_type = type;
  order.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | (is_new ? NLM_F_CREATE | NLM_F_EXCL : 0);
  order.head.nlmsg_len = NLMSG_LENGTH(body);
  return order;
}

static void add(struct order *order, unsigned short type, const void *content, size_t length) {
  struct rtattr *attribute = (struct rtattr *)((char *)order + NLMSG_ALIGN(order->head.nlmsg_len));
  attribute->rta_type = type;
  attribute->rta_len = RTA_LENGTH(length);
  memcpy(RTA_DATA(attribute), content, length);
  order->head.nlmsg_len = NLMSG_ALIGN(order->head.nlmsg_len) + RTA_SPACE(length);
}

static int perform(int kernel, const struct order *order) {
  long done;
  do done = send(kernel, order, order->head.nlmsg_len, 0); while (done < 0 && errno == EINTR);
  if (done < 0) return -1;
  struct {
    struct nlmsghdr head;
    struct nlmsgerr result;
    char rest[256];
  } answer;
  do done = recv(kernel, &answer, sizeof answer, 0); while (done < 0 && errno == EINTR);
  if (done < (long)(sizeof answer.head + sizeof answer.result)) return -1;
  return answer.head.nlmsg_type == NLMSG_ERROR && answer.result.error == 0 ? 0 : -1;
}

// All addresses are local: in a table that holds the machine's own, or they could not answer.
static int add_route(int kernel, int family) {
  struct order order = begun(RTM_NEWROUTE, sizeof(struct rtmsg), 1);
  order.body.route.rtm_family = (unsigned char)family;
  order.body.route.rtm_table = RT_TABLE_LOCAL;
  order.body.route.rtm_protocol = RTPROT_STATIC;
  order.body.route.rtm_scope = family == AF_INET ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
  order.body.route.rtm_type = RTN_LOCAL;
  unsigned index = LOOPBACK_INDEX;
  add(&order, RTA_OIF, &index, sizeof index);
  return perform(kernel, &order);
}

// - Parameter loopback: how many bits of the address of loopback must match; 0: whichever it is.
static int add_rule(int kernel, int family, unsigned priority, int action, int loopback, int protocol) {
  struct order order = begun(RTM_NEWRULE, sizeof(struct fib_rule_hdr), 1);
  order.body.rule.family = (unsigned char)family;
  order.body.rule.action = (unsigned char)action;
  order.body.rule.dst_len = (unsigned char)loopback;
  if (action == FR_ACT_TO_TBL) order.body.rule.table = RT_TABLE_LOCAL;
  add(&order, FRA_PRIORITY, &priority, sizeof priority);
  struct in_addr v4 = {htonl(INADDR_LOOPBACK & 0xFF000000)};
  if (loopback && family == AF_INET) add(&order, FRA_DST, &v4, sizeof v4);
  if (loopback && family == AF_INET6) add(&order, FRA_DST, &in6addr_loopback, sizeof in6addr_loopback);
  unsigned char number = (unsigned char)protocol;
  if (protocol) add(&order, FRA_IP_PROTO, &number, sizeof number);
  return perform(kernel, &order);
}

// The rule by which a network begins: all look at the table of local addresses first.
static int drop_first_rule(int kernel, int family) {
  struct order order = begun(RTM_DELRULE, sizeof(struct fib_rule_hdr), 0);
  order.body.rule.family = (unsigned char)family;
  order.body.rule.action = FR_ACT_TO_TBL;
  order.body.rule.table = RT_TABLE_LOCAL;
  unsigned priority = 0;
  add(&order, FRA_PRIORITY, &priority, sizeof priority);
  return perform(kernel, &order);
}

// Whatever of it cannot be done, the rest leaves all as it was.
static int open_routes(int kernel, int family) {
  int bits = family == AF_INET ? 8 : 128;
  if (add_rule(kernel, family, 10, FR_ACT_TO_TBL, bits, 0) < 0) return -1;
  if (add_rule(kernel, family, 20, FR_ACT_TO_TBL, 0, IPPROTO_TCP) < 0) return -1;
  if (add_rule(kernel, family, 30, FR_ACT_UNREACHABLE, 0, 0) < 0) return -1;
  if (drop_first_rule(kernel, family) < 0) return -1;
  return add_route(kernel, family);
}

// The first segments of connections: TCP, SYN without ACK, not to 127.0.0.0/8.
static struct sock_filter first_segments[] = {
    /* 0 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
    /* 1 */ BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xF0),
    /* 2 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40, 0, 6),
    /* 3 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 16),
    /* 4 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 127, 12, 0),
    /* 5 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
    /* 6 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
    /* 7 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 9),
    /* 8 */ BPF_JUMP(BPF_JMP | BPF_JA, 4, 0, 0),
    /* 9 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x60, 0, 7),
    /* 10 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
    /* 11 */ BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 40),
    /* 12 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 4),
    /* 13 */ BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
    /* 14 */ BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
    /* 15 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1),
    /* 16 */ BPF_STMT(BPF_RET | BPF_K, 80),
    /* 17 */ BPF_STMT(BPF_RET | BPF_K, 0),
};

static int open_watch(void) {
  struct sock_fprog program = {sizeof first_segments / sizeof *first_segments, first_segments};
  // It takes in nothing before it is bound, and then what the filter lets through.
  int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  struct sockaddr_ll place;
  memset(&place, 0, sizeof place);
  place.sll_family = AF_PACKET;
  place.sll_protocol = htons(ETH_P_ALL);
  place.sll_ifindex = LOOPBACK_INDEX;
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0
      && bind(fd, (struct sockaddr *)&place, sizeof place) == 0)
    return fd;
  close(fd);
  return -1;
}

int wavetank_watch_refusals(void) {
  int kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (kernel < 0) return -1;
  int watch = open_watch();
  if (watch >= 0 && open_routes(kernel, AF_INET) < 0) {
    close(watch);
    watch = -1;
  }
  // A machine without IPv6 goes on without.
  if (watch >= 0) (void)!open_routes(kernel, AF_INET6);
  close(kernel);
  return watch;
}
