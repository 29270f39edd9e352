/*
 * fork(2) that fails with the errno that stands in the file FORK_ERRNO, as long as one stands there: what a process meets where
 * no more processes (EAGAIN) or no memory for one (ENOMEM) are left. For LD_PRELOAD; see no-forks.ts.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

pid_t fork(void) {
  int failure = 0;
  const char *path = getenv("FORK_ERRNO");
  FILE *file = path == NULL ? NULL : fopen(path, "re");
  if (file != NULL) {
    if (fscanf(file, "%d", &failure) != 1) failure = 0;
    fclose(file);
  }
  if (failure != 0) {
    errno = failure;
    return -1;
  }
  return ((pid_t(*)(void))dlsym(RTLD_NEXT, "fork"))();
}
