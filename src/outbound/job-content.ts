/** What is sent for a job: what came along with its lease while that is new, and later what is stored, which may have been removed. */
import type { Queue } from '../store/queue.js';
import { ArraySource, type Source } from '../store/source.js';
import type { Job } from './job.js';

/** An administrator who removes a message is answered at once; so for no longer than this what was removed is sent. */
const FRESH_MS = 1_000;

export function openJob({ message: { message, content }, leasedAtMs }: Job, queue: Pick<Queue, 'open'>): Source {
  const isFresh = performance.now() - leasedAtMs < FRESH_MS;
  return content === undefined || !isFresh ? queue.open(message) : new ArraySource([content]);
}
