// SPDX-License-Identifier: MIT
//
// The platform calls the other rooms need: shared memory, clocks, threads that can be woken, sockets that carry fds.
// Errors are -errno; errno itself never leaves this room.
#ifndef PV_BASE_OS_H
#define PV_BASE_OS_H

#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PV_NEVER UINT64_MAX // a deadline that never comes

// Monotonic nanoseconds.
uint64_t pv_now(void);

// Sleeps until `deadline` on the pv_now clock.
void pv_sleep_until(uint64_t deadline);

// A gate: threads wait for a wake that is remembered until one of them took it. Blocks only in pv_gate_wait.
struct pv_gate {
   pthread_mutex_t lock;
   pthread_cond_t cond;
   bool open;
};
int pv_gate_init(struct pv_gate *gate);
void pv_gate_fini(struct pv_gate *gate);
void pv_gate_wake(struct pv_gate *gate);
// Waits for a wake, at most until `deadline` (PV_NEVER: for ever). True if woken.
bool pv_gate_wait(struct pv_gate *gate, uint64_t deadline);

// Anonymous shared memory of `size` bytes, zeroed, sealed against shrinking where the system can; closes on exec.
// The fd is the caller's to close. `name` shows up in /proc for people.
int pv_shm_create(const char *name, uint64_t size, int *out_fd);

// Maps `size` bytes of `fd` read-write and shared. Unmap with pv_shm_unmap.
int pv_shm_map(int fd, uint64_t size, void **out);
// The same at an address that is a multiple of `alignment` (a power of two).
int pv_shm_map_aligned(int fd, uint64_t size, uint64_t alignment, void **out);
void pv_shm_unmap(void *base, uint64_t size);

// True if a truncation of this fd by someone else cannot take mapped pages away (sealed or made by us).
bool pv_shm_cannot_shrink(int fd);

// A duplicate that closes on exec, or -errno.
int pv_fd_dup(int fd);

// A pipe-like event: [0] turns readable once [1] was signalled or closed. Both close on exec, both may be the same fd.
int pv_event_create(int fds[2]);
void pv_event_signal(int fds[2]);
// Makes it unreadable again.
void pv_event_clear(int fds[2]);

// A set of descriptors that is a descriptor itself: readable while any of its members is, or has ended. A member leaves
// it before it is closed.
int pv_fdset_create(int *out);
int pv_fdset_add(int set, int fd);
void pv_fdset_remove(int set, int fd);

// The first descriptor that came with a message, or -1. Room for one has padding, which systems use for more: whoever
// sends those must not use up our numbers, so they are closed.
struct msghdr;
int pv_fd_of_message(struct msghdr *message);

// Lets a descriptor, which stays the caller's, go along with a message; below 0: none. `room` must live until it is
// sent.
struct pv_fd_room {
   _Alignas(16) char bytes[32];
};
void pv_fd_into_message(struct msghdr *message, struct pv_fd_room *room, int fd);

// Gives memory that was freed back to the system, where the allocator keeps it otherwise. Takes milliseconds.
void pv_give_back(void);

// Bytes of memory a page has.
size_t pv_page_size(void);

// This process's environment. (A shared library of macOS cannot name `environ`.)
char **pv_environ(void);

// For posix_spawn: of our descriptors the child gets only those that `actions` put below number `rest`. The flag, 0 or
// not, belongs to the attributes.
int pv_spawn_close_rest(posix_spawn_file_actions_t *actions, int rest);
#ifdef POSIX_SPAWN_CLOEXEC_DEFAULT
#define PV_SPAWN_CLOSES_REST POSIX_SPAWN_CLOEXEC_DEFAULT
#else
#define PV_SPAWN_CLOSES_REST 0
#endif

// Whether this process is to be killed when the thread that started it ends; where the system has such a thing.
void pv_die_with_parent(bool yes);

// Starts a thread that takes none of the process's asynchronous signals: handlers are the application's, not ours.
int pv_thread_start(pthread_t *out, void *(*fn)(void *arg), void *arg);

// Names the calling thread (cut to what the system allows).
void pv_thread_name(const char *name);

// Gives the calling thread a nice value, where the system has one per thread and permits it.
void pv_thread_nice(int nice);

// Lets the calling thread's short sleeps end on time rather than grouped with others' to save power.
void pv_thread_fine_sleeps(void);

#endif
