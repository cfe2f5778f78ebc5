// SPDX-License-Identifier: MIT
#pragma once

#include <signal.h>

#define WNOHANG             1
#define WUNTRACED           2
#define WTERMSIG(status)    ((status) & 0x7f)
#define WIFEXITED(status)   (WTERMSIG(status) == 0)
#define WIFSIGNALED(status) (WTERMSIG(status) != 0x7f && WTERMSIG(status) != 0)
#define WEXITSTATUS(status) ((status) >> 8 & 0xff)

pid_t waitpid(pid_t pid, int *status, int options);
