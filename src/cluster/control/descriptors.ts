/** One line in the log of a process that accepts when it has no file descriptors left, and one when it has some again. */
import type { Log } from '../../log/log.js';
import { Descriptors } from '../../runtime/descriptors.js';

export function watchDescriptors(log: Log): void {
  new Descriptors((what) => {
    if (what === 'gone') log.error('no file descriptors are left; whoever connects waits, or is cut off');
    else log.warn('there are file descriptors again');
  });
}
