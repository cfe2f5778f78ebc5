// SPDX-License-Identifier: MIT
//
// The system calls a worker has no use for. Lists of what is refused, not of what is allowed: drivers of many vendors
// live here, and none of them has been read. Refusals are EPERM, so that a driver which merely tries goes on.
#include "guard/jail_linux.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

// From the start: other processes, mounts, namespaces, the kernel itself.
static const int early[] = {
   SCMP_SYS(ptrace),
   SCMP_SYS(process_vm_readv),
   SCMP_SYS(process_vm_writev),
   SCMP_SYS(process_madvise),
   SCMP_SYS(pidfd_open),
   SCMP_SYS(pidfd_getfd),
   SCMP_SYS(pidfd_send_signal),
   SCMP_SYS(kcmp),
   SCMP_SYS(mount),
   SCMP_SYS(umount2),
   SCMP_SYS(pivot_root),
   SCMP_SYS(chroot),
   SCMP_SYS(move_mount),
   SCMP_SYS(open_tree),
   SCMP_SYS(fsopen),
   SCMP_SYS(fsmount),
   SCMP_SYS(fspick),
   SCMP_SYS(mount_setattr),
   SCMP_SYS(unshare),
   SCMP_SYS(setns),
   SCMP_SYS(bpf),
   SCMP_SYS(perf_event_open),
   SCMP_SYS(userfaultfd),
   SCMP_SYS(io_uring_setup),
   SCMP_SYS(io_uring_enter),
   SCMP_SYS(io_uring_register),
   SCMP_SYS(keyctl),
   SCMP_SYS(add_key),
   SCMP_SYS(request_key),
   SCMP_SYS(init_module),
   SCMP_SYS(finit_module),
   SCMP_SYS(delete_module),
   SCMP_SYS(kexec_load),
   SCMP_SYS(kexec_file_load),
   SCMP_SYS(reboot),
   SCMP_SYS(swapon),
   SCMP_SYS(swapoff),
   SCMP_SYS(open_by_handle_at),
   SCMP_SYS(acct),
   SCMP_SYS(quotactl),
   SCMP_SYS(settimeofday),
   SCMP_SYS(clock_settime),
   SCMP_SYS(sethostname),
   SCMP_SYS(setdomainname),
};

// Once the driver is up: programs. Socket pairs, memfds, eventfds and threads stay.
static const int late[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork)};

static int refuse_all(scmp_filter_ctx filter, const int *calls, size_t n)
{
   int ret = 0;
   for (size_t i = 0; i < n && !ret; i++)
      ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
   return ret;
}

// A process may signal itself and nobody else: groups, "everybody" and other processes are all other numbers.
static int refuse_signals(scmp_filter_ctx filter)
{
   const int calls[] = {SCMP_SYS(kill), SCMP_SYS(tgkill), SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo)};
   const uint64_t self = (uint64_t)getpid();
   int ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(tkill), 0);
   for (size_t i = 0; i < sizeof(calls) / sizeof(*calls) && !ret; i++)
      ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 1, SCMP_A0(SCMP_CMP_NE, self));
   return ret;
}

// New threads, but no new processes. clone3's flags are in memory, which a filter cannot see: without it, the C library
// uses clone.
static int refuse_processes(scmp_filter_ctx filter)
{
   int ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
   if (!ret)
      ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
   return ret;
}

// No sockets, but one kind: whenever a device with ray tracing is made, NVIDIA's driver looks for a server of its
// vendor at a local SOCK_SEQPACKET socket and binds another one to an abstract name, and takes it for a failure if it
// can do neither, but not if nobody answers. Such a socket leads nowhere while it cannot be connected: unlike a
// datagram it is not sent to an address; the name is in a network namespace that is ours, and a place in the file
// system is Landlock's affair.
static int refuse_sockets(scmp_filter_ctx filter)
{
   int ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ECONNREFUSED), SCMP_SYS(connect), 0);
   if (!ret)
      ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX));
   for (uint64_t type = 0; type < 16 && !ret; type++) { // the bits that are no flags
      if (type != SOCK_SEQPACKET)
         ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
                                SCMP_A1(SCMP_CMP_MASKED_EQ, 15, type));
   }
   return ret;
}

int pv_jail_filter(bool driver_is_up)
{
   scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
   if (!filter)
      return -ENOMEM;
   int ret = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
   if (!ret && !driver_is_up)
      ret = refuse_all(filter, early, sizeof(early) / sizeof(*early));
   if (!ret && !driver_is_up)
      ret = refuse_signals(filter);
   if (!ret && driver_is_up)
      ret = refuse_all(filter, late, sizeof(late) / sizeof(*late));
   if (!ret && driver_is_up)
      ret = refuse_processes(filter);
   if (!ret && driver_is_up)
      ret = refuse_sockets(filter);
   if (!ret)
      ret = seccomp_load(filter);
   seccomp_release(filter);
   return ret;
}
