/** Whether a sender is to hear what became of a recipient (RFC 3461 §4.1), and the words by which it says so. */
import type { NotifyOn } from '../store/shapes.js';
import type { Action } from './report.js';

const EVENTS: Readonly<Record<Action, NotifyOn>> = {
  failed: 'failure',
  delayed: 'delay',
  relayed: 'success',
  delivered: 'success',
  expanded: 'success',
};
/** RFC 3461 §4.1, where nothing was asked for. */
const USUALLY: readonly NotifyOn[] = ['failure', 'delay'];

export function isTold(reversePath: string, notify: readonly NotifyOn[] | undefined, action: Action): boolean {
  const wanted = notify ?? USUALLY;
  return reversePath !== '' && !wanted.includes('never') && wanted.includes(EVENTS[action]);
}
