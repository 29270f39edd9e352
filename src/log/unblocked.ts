/**
 * Standard output and standard error as descriptors that never make a writer wait: a write that would says EAGAIN. The flag
 * for it belongs to everybody who shares a descriptor, and each of them may take it back, a shell or a child of Node among
 * them; so the same place is opened once more for this process alone. A socket cannot be: there libuv sets the flag.
 */
import { constants, fstatSync, openSync } from 'node:fs';

const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;

/** A file is written in libuv's threads, which may wait. */
export function openUnblocked(descriptor: 1 | 2): number {
  if (fstatSync(descriptor).isFile()) return descriptor;
  try {
    return openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return (descriptor === 1 ? process.stdout : process.stderr).fd;
  }
}
