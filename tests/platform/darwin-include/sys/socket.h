// SPDX-License-Identifier: MIT
#pragma once

#include <sys/uio.h>

#define AF_UNSPEC      0
#define AF_UNIX        1
#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_SEQPACKET 5
#define SOL_SOCKET     0xffff
#define SO_SNDBUF      0x1001
#define SO_RCVBUF      0x1002
#define SO_SNDTIMEO    0x1005
#define SO_RCVTIMEO    0x1006
#define SO_ERROR       0x1007
#define SO_TYPE        0x1008
#define SO_NOSIGPIPE   0x1022
#define SOMAXCONN      128
#define SCM_RIGHTS     1
#define MSG_PEEK       0x2
#define MSG_TRUNC      0x10
#define MSG_CTRUNC     0x20
#define MSG_WAITALL    0x40
#define MSG_DONTWAIT   0x80
#define SHUT_RD        0
#define SHUT_WR        1
#define SHUT_RDWR      2

struct sockaddr {
   uint8_t sa_len;
   sa_family_t sa_family;
   char sa_data[14];
};

struct sockaddr_storage {
   uint8_t ss_len;
   sa_family_t ss_family;
   char rest[6];
   int64_t align;
   char more[112];
};

struct msghdr {
   void *msg_name;
   socklen_t msg_namelen;
   struct iovec *msg_iov;
   int msg_iovlen;
   void *msg_control;
   socklen_t msg_controllen;
   int msg_flags;
};

struct cmsghdr {
   socklen_t cmsg_len;
   int cmsg_level;
   int cmsg_type;
};

// Ancillary data is aligned to 4 bytes here.
#define CMSG_ALIGN(n) (((n) + 3u) & ~3u)
#define CMSG_SPACE(n) (CMSG_ALIGN(sizeof(struct cmsghdr)) + CMSG_ALIGN(n))
#define CMSG_LEN(n)   (CMSG_ALIGN(sizeof(struct cmsghdr)) + (n))
#define CMSG_DATA(c)  ((unsigned char *)(c) + CMSG_ALIGN(sizeof(struct cmsghdr)))
#define CMSG_FIRSTHDR(m)                                                                                               \
   ((m)->msg_controllen >= sizeof(struct cmsghdr) ? (struct cmsghdr *)(m)->msg_control : (struct cmsghdr *)0)
#define CMSG_NXTHDR(m, c)                                                                                              \
   ((char *)(c) + CMSG_ALIGN((c)->cmsg_len) + sizeof(struct cmsghdr) > (char *)(m)->msg_control + (m)->msg_controllen  \
        ? (struct cmsghdr *)0                                                                                          \
        : (struct cmsghdr *)(void *)((char *)(c) + CMSG_ALIGN((c)->cmsg_len)))

int socket(int domain, int type, int protocol);
int socketpair(int domain, int type, int protocol, int fds[2]);
int bind(int fd, const struct sockaddr *address, socklen_t size);
int listen(int fd, int backlog);
int accept(int fd, struct sockaddr *address, socklen_t *size);
int connect(int fd, const struct sockaddr *address, socklen_t size);
int getsockname(int fd, struct sockaddr *address, socklen_t *size);
int getsockopt(int fd, int level, int name, void *value, socklen_t *size);
int setsockopt(int fd, int level, int name, const void *value, socklen_t size);
int shutdown(int fd, int how);
ssize_t send(int fd, const void *data, size_t size, int flags);
ssize_t recv(int fd, void *out, size_t size, int flags);
ssize_t sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t recvmsg(int fd, struct msghdr *message, int flags);
