/*
 * A disk that takes SLOW_DISK_MS for each page that a process reads of a database, whatever the system has in memory: what a
 * cold cache on a slow disk is like. With SLOW_DISK_LOG, a file with the process id behind that name gets an 'm' for each page that
 * the main thread waited for, and a 't' for those of other threads. With BROKEN_FROM_PAGE the pages from that one on cannot be read
 * at all. For LD_PRELOAD; see slow-disk.ts.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static const char DATABASE[] = "/mail.db";
static const size_t PAGE_BYTES = 4096;

static int is_database(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  size_t name = sizeof DATABASE - 1;
  return length >= (ssize_t)name && memcmp(path + length - name, DATABASE, name) == 0;
}

static void note(void) {
  const char *log = getenv("SLOW_DISK_LOG");
  if (log == NULL) return;
  char path[4096];
  snprintf(path, sizeof path, "%s%d", log, getpid());
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd == -1) return;
  if (write(fd, gettid() == getpid() ? "m" : "t", 1) != 1) perror("slow-disk");
  close(fd);
}

static void wait_for_page(int fd, size_t count) {
  const char *ms = getenv("SLOW_DISK_MS");
  if (ms == NULL || count < PAGE_BYTES || !is_database(fd)) return;
  struct timespec pause = {0, atol(ms) * 1000000L};
  nanosleep(&pause, NULL);
  note();
}

static int is_broken(int fd, off64_t at) {
  const char *page = getenv("BROKEN_FROM_PAGE");
  return page != NULL && at >= (atol(page) - 1) * (off64_t)PAGE_BYTES && is_database(fd);
}

ssize_t pread64(int fd, void *into, size_t count, off64_t at) {
  wait_for_page(fd, count);
  if (is_broken(fd, at)) {
    errno = EIO;
    return -1;
  }
  return ((ssize_t(*)(int, void *, size_t, off64_t))dlsym(RTLD_NEXT, "pread64"))(fd, into, count, at);
}

ssize_t pread(int fd, void *into, size_t count, off_t at) { return pread64(fd, into, count, at); }
