// SPDX-License-Identifier: MIT
#pragma once

#include <signal.h>
#include <time.h>

typedef struct thread *pthread_t;
typedef struct {
   long words[8];
} pthread_mutex_t;
typedef struct {
   long words[6];
} pthread_cond_t;
typedef struct {
   long words[25];
} pthread_rwlock_t;
typedef struct {
   long words[2];
} pthread_mutexattr_t;
typedef struct {
   long words[2];
} pthread_condattr_t;
typedef struct {
   long words[8];
} pthread_attr_t;
typedef struct {
   long words[2];
} pthread_once_t;
typedef unsigned long pthread_key_t;

#define PTHREAD_MUTEX_INITIALIZER {{0x32AAABA7}}
#define PTHREAD_COND_INITIALIZER  {{0x3CB0B1BB}}
#define PTHREAD_ONCE_INIT         {{0x30B1BCBA}}

int pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*main)(void *), void *arg);
int pthread_join(pthread_t thread, void **out);
int pthread_detach(pthread_t thread);
pthread_t pthread_self(void);
int pthread_equal(pthread_t a, pthread_t b);
int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr);
int pthread_mutex_destroy(pthread_mutex_t *mutex);
int pthread_mutex_lock(pthread_mutex_t *mutex);
int pthread_mutex_trylock(pthread_mutex_t *mutex);
int pthread_mutex_unlock(pthread_mutex_t *mutex);
int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr);
int pthread_cond_destroy(pthread_cond_t *cond);
int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
int pthread_cond_timedwait_relative_np(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *span);
int pthread_cond_signal(pthread_cond_t *cond);
int pthread_cond_broadcast(pthread_cond_t *cond);
int pthread_once(pthread_once_t *once, void (*init)(void));
int pthread_key_create(pthread_key_t *out, void (*destructor)(void *));
void *pthread_getspecific(pthread_key_t key);
int pthread_setspecific(pthread_key_t key, const void *value);
int pthread_setname_np(const char *name); // the calling thread's
