/**
 * The search index (mail_index) as a check sees it. Nothing in it is worth keeping: it is made anew from the mail, so damage in it
 * alone is mended by emptying it, and keeps no backup from being restored.
 */
import type { Connection } from '../database/database.js';
import { prepareEmptyIndex } from '../database/mail-search.js';
import type { Found } from './found.js';

/** What SQLite's own look at its pages finds in the index, in any of its sentences. */
const NAMED = /\bfts5\b.*\bmail_index\b/i;
const DAMAGED = 'the search index is damaged';

/** Of a line of SQLite's; undefined when it is not about the index. */
export function indexFound(line: string): Found | undefined {
  return NAMED.test(line) ? { what: `${DAMAGED}: ${line}`, mendable: true } : undefined;
}

export function isIndexDamaged(findings: readonly { readonly what: string }[]): boolean {
  return findings.some(({ what }) => what.startsWith(DAMAGED));
}

/** The next store adds everything again: by itself, or when it is asked. In one transaction, which is somebody else's. */
export function emptyIndex(connection: Connection): void {
  prepareEmptyIndex(connection)();
}
