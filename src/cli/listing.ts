/**
 * Lists of the store on standard output, a page at a time: of a million entries no more is held than a page. A table's columns
 * are as wide as each page needs them; `--json` is one array whatever the pages.
 */
import { isDeepStrictEqual } from 'node:util';
import { DAMAGE_REMEDY, StoreError } from '../store/errors.js';
import type { MaybePromise } from '../store/shapes.js';
import { print, printTable, json } from './terminal.js';

const DAMAGED = `the database is damaged (a list of it has no end): ${DAMAGE_REMEDY}`;

/** What comes behind `after`; the first page without it, and an empty one at the end. */
export type Pages<T> = (after: T | undefined) => MaybePromise<readonly T[]>;

export interface Table<T> {
  readonly head: readonly string[];
  row(entry: T): readonly (string | number)[];
}

export async function printList<T>(pages: Pages<T>, table: Table<T>): Promise<void> {
  let first = true;
  for await (const page of each(pages)) {
    await printTable(
      first ? table.head : undefined,
      page.map((entry) => table.row(entry)),
    );
    first = false;
  }
  if (first) await printTable(table.head, []);
}

export async function printListAsJson<T>(
  pages: Pages<T>,
  shown: (entry: T) => unknown = (entry) => entry,
): Promise<void> {
  let before = '[';
  for await (const page of each(pages))
    for (const entry of page) {
      await print(`${before}\n  ${json(shown(entry)).replaceAll('\n', '\n  ')}`);
      before = ',';
    }
  await print(before === '[' ? '[]\n' : '\n]\n');
}

/**
 * What follows an entry is behind it, so none comes back: one that does was read in a circle. The entry that is looked for is a later
 * one each time that twice as many pages have passed, so that a circle of any length is found.
 * @throws StoreError 'unavailable' then
 */
async function* each<T>(pages: Pages<T>): AsyncIterable<readonly T[]> {
  let remembered: T | undefined;
  let count = 0;
  for (let page = await pages(undefined); page.length > 0; page = await pages(page.at(-1))) {
    const last = page.at(-1);
    if (count > 0 && isDeepStrictEqual(last, remembered))
      throw new StoreError('unavailable', DAMAGED, { isDamage: true });
    yield page;
    count += 1;
    if ((count & (count - 1)) === 0) remembered = last;
  }
}
