// SPDX-License-Identifier: MIT
//
// Binding a unix socket without stepping on another server.
#include "front/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/os.h"

#define LOCK_TRIES 50
#define LOCK_STEP  UINT64_C(20000000) // ns

static int new_socket(void)
{
   int fd = socket(AF_UNIX, SOCK_STREAM, 0);
   if (fd < 0)
      return -errno;
   fcntl(fd, F_SETFD, FD_CLOEXEC);
   return fd;
}

static void fill_address(struct sockaddr_un *address, const char *path)
{
   memset(address, 0, sizeof(*address));
   address->sun_family = AF_UNIX;
   memcpy(address->sun_path, path, strlen(path) + 1);
}

// Two servers that start at the same moment must not both find the old file stale, and the second remove the first
// one's new one. So the folder is locked while we look and bind. Best effort: it may not be ours to open.
static int lock_folder(const char *path)
{
   char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
   strcpy(folder, path);
   char *slash = strrchr(folder, '/');
   if (!slash)
      strcpy(folder, ".");
   else
      slash[slash == folder] = '\0';
   int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
   for (int i = 0; fd >= 0 && i < LOCK_TRIES && flock(fd, LOCK_EX | LOCK_NB); i++)
      pv_sleep_until(pv_now() + LOCK_STEP);
   return fd;
}

// 0: nobody answers at `path`. -EADDRINUSE, or why we cannot know.
static int probe(const char *path)
{
   struct sockaddr_un address;
   int fd = new_socket();
   if (fd < 0)
      return fd;
   fill_address(&address, path);
   fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); // a full backlog is an answer too
   int err = connect(fd, (struct sockaddr *)&address, sizeof(address)) ? errno : 0;
   close(fd);
   if (!err || err == EAGAIN || err == EINPROGRESS)
      return -EADDRINUSE;
   return err == ECONNREFUSED || err == ENOENT ? 0 : -err;
}

// Makes room at `path`.
static int remove_stale(const char *path)
{
   struct stat st;
   if (lstat(path, &st))
      return errno == ENOENT ? 0 : -errno;
   if (!S_ISSOCK(st.st_mode))
      return -EEXIST;
   int ret = probe(path);
   if (!ret && unlink(path) && errno != ENOENT)
      ret = -errno;
   return ret;
}

static int bind_and_listen(struct pv_listener *listener, uint32_t mode)
{
   struct sockaddr_un address;
   struct stat st;
   fill_address(&address, listener->path);
   // Nobody can connect before listen(), so the file has its mode in time whatever the umask is.
   if (bind(listener->fd, (struct sockaddr *)&address, sizeof(address)))
      return -errno;
   bool ours = !lstat(listener->path, &st);
   listener->device = ours ? st.st_dev : 0;
   listener->inode = ours ? st.st_ino : 0;
   if (!ours || chmod(listener->path, mode) || listen(listener->fd, SOMAXCONN))
      return -errno;
   return 0;
}

static void explain(const char *path, int err)
{
   if (err == -EADDRINUSE)
      pv_error("a server already answers on %s: stop it, or choose another path", path);
   else if (err == -EEXIST)
      pv_error("%s exists and is not a socket: choose another path", path);
   else if (err == -ENOENT)
      pv_error("cannot make the socket %s: its folder does not exist", path);
   else
      pv_error("cannot make the socket %s: %s", path, strerror(-err));
}

int pv_listener_open(struct pv_listener *listener, const char *path, uint32_t mode)
{
   listener->fd = -1;
   listener->inode = 0;
   if (strlen(path) >= sizeof(listener->path)) {
      pv_error("the socket's path has %zu bytes, the system allows %zu: choose a shorter one", strlen(path),
               sizeof(listener->path) - 1);
      return -ENAMETOOLONG;
   }
   strcpy(listener->path, path);
   int lock = lock_folder(path);
   int ret = remove_stale(path);
   if (!ret) {
      listener->fd = new_socket();
      ret = listener->fd < 0 ? listener->fd : bind_and_listen(listener, mode);
   }
   if (lock >= 0)
      close(lock);
   if (ret) {
      explain(path, ret);
      pv_listener_close(listener);
      return ret;
   }
   // A client may leave between poll and accept, which must not block then.
   fcntl(listener->fd, F_SETFL, fcntl(listener->fd, F_GETFL) | O_NONBLOCK);
   return 0;
}

void pv_listener_close(struct pv_listener *listener)
{
   struct stat st;
   if (listener->fd < 0)
      return;
   // The file first: whoever finds it must find somebody who answers.
   if (listener->inode && !lstat(listener->path, &st) && st.st_dev == listener->device && st.st_ino == listener->inode)
      unlink(listener->path);
   close(listener->fd);
   listener->fd = -1;
}
