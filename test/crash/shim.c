/*
 * An LD_PRELOAD shim: notes what a process does to the files of one database and what it says on its sockets, in the
 * order in which the kernel was asked, and makes calls fail on demand. Built and loaded by the tests alone (shim.ts).
 *
 * SHIM_DB       the path of the database; its companions are its path with -wal and -journal
 * SHIM_LOG      where records go; every process appends to the same file, so that its order is one for all
 * SHIM_CONTROL  64 bytes of numbers, shared with the test: what is to fail, and how slow a sync is (enum below)
 *
 * A sync that is made to fail is noted too: what was written before it is lost for good (disk.ts).
 * A write is noted before it is made, an answer before it is sent, a sync when it begins and again when it has succeeded:
 * whatever stands before an answer had happened when the answer left.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FULL, WAL_SYNC_FAILS, DB_SYNC_FAILS, WAL_WRITE_FAILS, SYNC_DELAY_US, SYNCS_FAILED, WRITES_FAILED, ROOM };
enum { F_OTHER, F_DB, F_WAL, F_JOURNAL, F_DIRECTORY, F_TCP, F_UNIX };

struct record {
  uint32_t length; /* of what follows this header */
  uint8_t type;    /* W write, D direct write, T truncate, U unlink, B sync begins, S sync succeeded, F sync failed,
                      N network, R between processes */
  uint8_t file;
  uint16_t unused;
  uint32_t pid;
  uint32_t sync; /* joins B and S; of what is said, the socket */
  int64_t offset;
};

#define SAID_LIMIT 65536 /* of what is said on a socket, so much is kept: every answer, and every small request */

static char db[PATH_MAX], directory[PATH_MAX];
static int log_fd = -1;
static volatile int32_t *control;
static uint32_t syncs;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_sendmsg)(int, const struct msghdr *, int);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static int (*real_ftruncate64)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);

static void prepare(void) {
  real_write = dlsym(RTLD_NEXT, "write");
  real_writev = dlsym(RTLD_NEXT, "writev");
  real_sendmsg = dlsym(RTLD_NEXT, "sendmsg");
  real_pwrite64 = dlsym(RTLD_NEXT, "pwrite64");
  real_ftruncate64 = dlsym(RTLD_NEXT, "ftruncate64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  const char *path = getenv("SHIM_DB"), *log = getenv("SHIM_LOG"), *shared = getenv("SHIM_CONTROL");
  if (path != NULL) {
    strncpy(db, path, PATH_MAX - 1);
    strncpy(directory, path, PATH_MAX - 1);
    char *slash = strrchr(directory, '/');
    if (slash != NULL) *slash = 0;
  }
  if (log != NULL) log_fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (shared != NULL) {
    int fd = open(shared, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
      void *mapped = mmap(NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (mapped != MAP_FAILED) control = mapped;
      close(fd);
    }
  }
}

static int of_database(const char *path) {
  size_t length = strlen(db);
  if (length == 0 || strncmp(path, db, length) != 0) return strcmp(path, directory) == 0 ? F_DIRECTORY : F_OTHER;
  if (path[length] == 0) return F_DB;
  if (strcmp(path + length, "-wal") == 0) return F_WAL;
  if (strcmp(path + length, "-journal") == 0) return F_JOURNAL;
  return F_OTHER;
}

static int kind_of(int fd) {
  char link[64], path[PATH_MAX];
  pthread_once(&once, prepare);
  strcpy(link, "/proc/self/fd/");
  char digits[16], *at = digits + 15;
  *at = 0;
  unsigned number = (unsigned)fd;
  do *--at = (char)('0' + number % 10); while ((number /= 10) != 0);
  strcat(link, at);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return F_OTHER;
  path[length] = 0;
  if (path[0] == '/') return of_database(path);
  if (strncmp(path, "socket:", 7) != 0) return F_OTHER;
  struct sockaddr_storage name;
  socklen_t size = sizeof name;
  if (getsockname(fd, (struct sockaddr *)&name, &size) != 0) return F_OTHER;
  if (name.ss_family == AF_INET || name.ss_family == AF_INET6) return F_TCP;
  return F_UNIX;
}

/* One write a record: O_APPEND makes it whole, and gives it its place. */
static void note(char type, int file, int64_t offset, uint32_t sync, const struct iovec *data, int parts, size_t limit) {
  if (log_fd < 0) return;
  int kept = errno;
  struct record record = {0, (uint8_t)type, (uint8_t)file, 0, (uint32_t)getpid(), sync, offset};
  struct iovec all[17] = {{&record, sizeof record}};
  int used = 1;
  for (int part = 0; part < parts && used < 17 && limit > 0; part++, used++) {
    all[used] = data[part];
    if (all[used].iov_len > limit) all[used].iov_len = limit;
    limit -= all[used].iov_len;
    record.length += (uint32_t)all[used].iov_len;
  }
  if (real_writev(log_fd, all, used) < 0) abort(); /* A trace with a hole proves nothing. */
  errno = kept;
}

static int asked(int what) { return control != NULL && control[what] != 0; }

/* Takes one from a count of calls that are to fail. */
static int strikes(int what) {
  if (control == NULL) return 0;
  for (int32_t left = control[what]; left > 0; left = control[what])
    if (__sync_bool_compare_and_swap(&control[what], left, left - 1)) return 1;
  return 0;
}

static void count(int what) {
  if (control != NULL) __sync_fetch_and_add(&control[what], 1);
}

static int fail(int error, int counter) {
  count(counter);
  errno = error;
  return -1;
}

/* A full disk takes what overwrites, and makes no file longer once ROOM octets are used up. */
static int refused(int fd, int file, int64_t end) {
  if (file == F_WAL && strikes(WAL_WRITE_FAILS)) return fail(EIO, WRITES_FAILED);
  struct stat now;
  if (!asked(FULL) || fstat(fd, &now) != 0 || end <= now.st_size) return 0;
  if (end - now.st_size > control[ROOM]) return fail(ENOSPC, WRITES_FAILED);
  __sync_fetch_and_sub(&control[ROOM], (int32_t)(end - now.st_size));
  return 0;
}

static char kind_of_write(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags != -1 && (flags & O_DIRECT) != 0 ? 'D' : 'W';
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  int file = kind_of(fd);
  if (file != F_DB && file != F_WAL && file != F_JOURNAL) return real_pwrite64(fd, data, size, offset);
  if (refused(fd, file, offset + (int64_t)size)) return -1;
  struct iovec part = {(void *)data, size};
  note(kind_of_write(fd), file, offset, 0, &part, 1, SIZE_MAX);
  return real_pwrite64(fd, data, size, offset);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return pwrite64(fd, data, size, offset); }

static void said(int fd, int file, const struct iovec *data, int parts) {
  if (file == F_TCP) note('N', file, 0, (uint32_t)fd, data, parts, SAID_LIMIT);
  if (file == F_UNIX) note('R', file, 0, (uint32_t)fd, data, parts, SAID_LIMIT);
}

ssize_t write(int fd, const void *data, size_t size) {
  int file = kind_of(fd);
  struct iovec part = {(void *)data, size};
  said(fd, file, &part, 1);
  if (file == F_DB || file == F_WAL || file == F_JOURNAL) {
    off64_t offset = lseek64(fd, 0, SEEK_CUR);
    if (refused(fd, file, offset + (int64_t)size)) return -1;
    note('W', file, offset, 0, &part, 1, SIZE_MAX);
  }
  return real_write(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *data, int parts) {
  said(fd, kind_of(fd), data, parts);
  return real_writev(fd, data, parts);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  said(fd, kind_of(fd), message->msg_iov, (int)message->msg_iovlen);
  return real_sendmsg(fd, message, flags);
}

int ftruncate64(int fd, off64_t size) {
  int file = kind_of(fd);
  if (file == F_DB || file == F_WAL || file == F_JOURNAL) note('T', file, size, 0, NULL, 0, 0);
  return real_ftruncate64(fd, size);
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int unlink(const char *path) {
  pthread_once(&once, prepare);
  int file = of_database(path);
  if (file == F_WAL || file == F_JOURNAL || file == F_DB) note('U', file, 0, 0, NULL, 0, 0);
  return real_unlink(path);
}

static int fail_sync(int file) {
  note('F', file, 0, 0, NULL, 0, 0);
  return fail(EIO, SYNCS_FAILED);
}

static int sync_with(int (*real)(int), int fd) {
  int file = kind_of(fd);
  if (file == F_OTHER || file == F_TCP || file == F_UNIX) return real(fd);
  if (file == F_WAL && strikes(WAL_SYNC_FAILS)) return fail_sync(file);
  if (file == F_DB && strikes(DB_SYNC_FAILS)) return fail_sync(file);
  uint32_t number = __sync_add_and_fetch(&syncs, 1);
  note('B', file, 0, number, NULL, 0, 0);
  if (asked(SYNC_DELAY_US)) usleep((useconds_t)control[SYNC_DELAY_US]);
  int result = real(fd);
  if (result == 0) note('S', file, 0, number, NULL, 0, 0);
  return result;
}

int fsync(int fd) {
  pthread_once(&once, prepare);
  return sync_with(real_fsync, fd);
}

int fdatasync(int fd) {
  pthread_once(&once, prepare);
  return sync_with(real_fdatasync, fd);
}
