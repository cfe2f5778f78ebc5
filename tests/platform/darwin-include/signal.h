// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

typedef uint32_t sigset_t;
typedef int sig_atomic_t;

#define SIGHUP       1
#define SIGINT       2
#define SIGQUIT      3
#define SIGILL       4
#define SIGTRAP      5
#define SIGABRT      6
#define SIGFPE       8
#define SIGKILL      9
#define SIGBUS       10
#define SIGSEGV      11
#define SIGSYS       12
#define SIGPIPE      13
#define SIGALRM      14
#define SIGTERM      15
#define SIGCHLD      20
#define SIGWINCH     28
#define SIGUSR1      30
#define SIGUSR2      31
#define SIG_DFL      ((void (*)(int))0)
#define SIG_IGN      ((void (*)(int))1)
#define SIG_BLOCK    1
#define SIG_UNBLOCK  2
#define SIG_SETMASK  3
#define SA_RESTART   2
#define SA_NOCLDSTOP 8
#define SA_SIGINFO   64

typedef struct {
   int si_signo;
   int si_errno;
   int si_code;
   pid_t si_pid;
   uid_t si_uid;
   int si_status;
   void *si_addr;
} siginfo_t;

struct sigaction {
   union {
      void (*sa_handler)(int);
      void (*sa_sigaction)(int, siginfo_t *, void *);
   };
   sigset_t sa_mask;
   int sa_flags;
};

int sigaction(int sig, const struct sigaction *action, struct sigaction *old);
int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);
int sigaddset(sigset_t *set, int sig);
int sigdelset(sigset_t *set, int sig);
int sigprocmask(int how, const sigset_t *set, sigset_t *old);
int pthread_sigmask(int how, const sigset_t *set, sigset_t *old);
int kill(pid_t pid, int sig);
int raise(int sig);
void (*signal(int sig, void (*handler)(int)))(int);
char *strsignal(int sig);
