/** Searching, on the connection of the process that asks. Each method throws a StoreError when the database cannot be read. */
import type { MailPage, MailQuery, PageRange } from '../../mailboxes.js';
import type { Address } from '../../shapes.js';
import { foundFilter, matchOf, type MailSearch } from '../database/mail-search.js';
import { summaryOf } from './mail-summaries.js';
import type { Reader } from './reader.js';

/**
 * Bodies that the index gives at once: as many as are wanted where most of them are meant, and more where time or size leave out
 * what the index does not know of. What is done with them takes some milliseconds.
 */
const BODIES_AT_ONCE = { least: 100, most: 1_000 } as const;
/** Entries of a page. */
const PAGE_LENGTH = 256;

export class MailSearcher {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** @throws StoreError 'missing' */
  page(address: Address, query: MailQuery, { before = Number.MAX_SAFE_INTEGER, limit }: PageRange): MailPage {
    const account = this.#reader.directory.accountId(address);
    const most = Math.min(limit, PAGE_LENGTH);
    const atOnce = isFiltered(query) ? BODIES_AT_ONCE.most : Math.max(most, BODIES_AT_ONCE.least);
    const bodies = this.#search.matches.all(matchOf(account, query), before, atOnce);
    const rows = this.#search.found.all(foundFilter(account, bodies, { query, limit: most }));
    const last = rows.length === most ? rows.at(-1)?.body : bodies[atOnce - 1];
    return { entries: rows.map((row) => summaryOf(row, row.number)), next: last };
  }

  unindexed(): number {
    return this.#search.unindexed.get() ?? 0;
  }

  get #search(): MailSearch {
    return this.#reader.search;
  }
}

function isFiltered({ fromMs, beforeMs, moreThanOctets, lessThanOctets }: MailQuery): boolean {
  return [fromMs, beforeMs, moreThanOctets, lessThanOctets].some((value) => value !== undefined);
}
