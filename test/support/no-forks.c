/*
 * fork(2) and pthread_create(3) that fail with the errno that stands in the file FORK_ERRNO, as long as one stands there: what a
 * process meets where no more processes or threads (EAGAIN) or no memory for one (ENOMEM) are left. For LD_PRELOAD; see no-forks.ts.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

static int failure(void) {
  int number = 0;
  const char *path = getenv("FORK_ERRNO");
  FILE *file = path == NULL ? NULL : fopen(path, "re");
  if (file == NULL) return 0;
  if (fscanf(file, "%d", &number) != 1) number = 0;
  fclose(file);
  return number;
}

pid_t fork(void) {
  errno = failure();
  if (errno != 0) return -1;
  return ((pid_t(*)(void))dlsym(RTLD_NEXT, "fork"))();
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  int number = failure();
  if (number != 0) return number;
  return ((int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(RTLD_NEXT, "pthread_create"))(
      thread, attributes, start, argument);
}
