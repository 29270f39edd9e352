/** What somebody should mend about a collector, in a sentence for `pennypost status`. */
import { printableLine } from '../message/printable.js';
import type { Collector } from '../store/collectors.js';

/** In a row: a server that is away now and then is no problem. */
const FAILURES = 3;

/** Undefined for what passes. */
export function problemOf({ id, url, failures, failure }: Collector): string | undefined {
  if (failure === undefined || (failure.kind === 'other' && failures < FAILURES)) return undefined;
  const remedy = failure.kind === 'login' ? `; 'pennypost fetch set ${id} --password-file FILE' gives it another` : '';
  return `collector ${id} (${printableLine(url)}) does not fetch: ${printableLine(failure.text)}${remedy}`;
}
