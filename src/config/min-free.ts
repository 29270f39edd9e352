/** How much room the disk must have for mail to be taken. */
import type { Configuration } from './configuration.js';

/** Of the largest message, unless --min-free says otherwise. */
const FREE_MESSAGES = 1.5;

export function minFreeBytes({ minFree, maxMessageSize }: Pick<Configuration, 'minFree' | 'maxMessageSize'>): number {
  return minFree ?? FREE_MESSAGES * maxMessageSize;
}
