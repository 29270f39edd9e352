/** `pennypost mail search` and `mail index`: finds messages by their words, newest first, and keeps up what they are found by. */
import { setTimeout } from 'node:timers/promises';
import type { Mailboxes, MailPage, MailQuery, MailSummary } from '../store/mailboxes.js';
import type { Address } from '../store/shapes.js';
import {
  jsonFlag,
  optionFlags,
  UsageError,
  type Command,
  type Flag,
  type Invocation,
  type Operand,
} from './command.js';
import { exit, Refusal } from './exit.js';
import { printList, printListAsJson } from './listing.js';
import { mailTable, shownMail } from './mail-table.js';
import { FIELD_NAMES, readMailQuery } from './mail-query.js';
import { address, addressOperand } from './operand.js';
import { withExistingStore } from './storage.js';
import { counted } from './terminal.js';

const FOUND_LIMIT = 50;
const MOST_FOUND = 1_000_000;
const LOOK_MS = 500;
/** Longer than the store waits after a failure. */
const PATIENCE_MS = 60_000;

const queryOperand: Operand = {
  name: 'QUERY',
  doc: `words and "phrases", OR, -without, and ${FIELD_NAMES.join(':, ')}: (such as 'invoice from:bob after:2026-01-01 has:attachment')`,
  repeats: true,
};
const limitFlag: Flag = { name: 'limit', placeholder: 'N', doc: `At most so many; ${FOUND_LIMIT} unless told.` };
const beforeFlag: Flag = {
  name: 'before',
  placeholder: 'PLACE',
  doc: 'Go on where an earlier search ended, which says the place.',
};
const rebuildFlag: Flag = { name: 'rebuild', placeholder: '', doc: 'Empty the index first.' };

async function search(invocation: Invocation): Promise<number> {
  const [owner, ...words] = invocation.operands;
  const wanted = { owner: address(owner), query: readMailQuery(words.join(' ')) };
  const limit = number(invocation, limitFlag, MOST_FOUND) ?? FOUND_LIMIT;
  const before = number(invocation, beforeFlag, Number.MAX_SAFE_INTEGER);
  await withExistingStore(invocation.load().configuration.db, async ({ mailboxes }) => {
    const found = new Found(mailboxes, wanted, { before, limit });
    const pages = () => found.page();
    await (invocation.has(jsonFlag.name) ? printListAsJson(pages, shownMail) : printList(pages, mailTable));
    if (found.next !== undefined) tell(`There may be more: add --before ${found.next}.`);
    const unindexed = await mailboxes.countUnindexed();
    if (unindexed > 0)
      tell(
        `Not in the index yet, of all accounts: ${counted(unindexed, 'message')}. 'pennypost mail index' adds what is missing now; a server with --index on adds what comes.`,
      );
  });
  return exit.fine;
}

/** Beside the list, so that what reads the list reads no more. */
function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

function number(invocation: Invocation, { name }: Flag, most: number): number | undefined {
  const text = invocation.text(name);
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,15}$/.test(text) || Number(text) > most)
    throw new UsageError(`--${name} takes a whole number from 1 to ${most}, not '${text}'`);
  return Number(text);
}

/** What is found, a page that has something on it at a time. */
class Found {
  /** Where there may be more, when there is no more page. */
  next: number | undefined;
  readonly #mailboxes: Mailboxes;
  readonly #wanted: { readonly owner: Address; readonly query: MailQuery };
  #left: number;
  #isAtEnd = false;

  constructor(
    mailboxes: Mailboxes,
    wanted: { readonly owner: Address; readonly query: MailQuery },
    { before, limit }: { readonly before: number | undefined; readonly limit: number },
  ) {
    this.#mailboxes = mailboxes;
    this.#wanted = wanted;
    this.next = before;
    this.#left = limit;
  }

  async page(): Promise<readonly MailSummary[]> {
    while (this.#left > 0 && !this.#isAtEnd) {
      const { entries, next } = await this.#read();
      this.next = next;
      this.#isAtEnd = next === undefined;
      this.#left -= entries.length;
      if (entries.length > 0) return entries;
    }
    return [];
  }

  async #read(): Promise<MailPage> {
    const { owner, query } = this.#wanted;
    return this.#mailboxes.searchMail(owner, query, { before: this.next, limit: this.#left });
  }
}

async function index(invocation: Invocation): Promise<number> {
  await withExistingStore(invocation.load().configuration.db, async ({ mailboxes }) => {
    await mailboxes.indexMail(invocation.has(rebuildFlag.name));
    await untilIndexed(mailboxes);
  });
  tell('The index has all messages.');
  return exit.fine;
}

/** The store does it, and goes on with it when nobody waits. */
async function untilIndexed(mailboxes: Mailboxes): Promise<void> {
  let least = Infinity;
  let lastMs = Date.now();
  for (let left = await mailboxes.countUnindexed(); left > 0; left = await mailboxes.countUnindexed()) {
    if (left < least) [least, lastMs] = [left, Date.now()];
    if (Date.now() - lastMs > PATIENCE_MS)
      throw new Refusal(
        `Nothing was added for a minute, with ${counted(left, 'message')} left; the log of the server says why.`,
      );
    if (process.stderr.isTTY) process.stderr.write(`\r${counted(left, 'message')} left `);
    await setTimeout(LOOK_MS);
  }
  if (process.stderr.isTTY) process.stderr.write('\r');
}

export const mailSearchCommands: readonly Command[] = [
  {
    words: 'mail search',
    summary: "Find an account's messages by their words, newest first.",
    operands: [addressOperand, queryOperand],
    flags: [limitFlag, beforeFlag, jsonFlag, ...optionFlags('db')],
    examples: [
      "mail search alice@localhost 'invoice from:bob after:2026-01-01 has:attachment'",
      `mail search alice@localhost '"terms of payment" -draft larger:100KiB' --limit 10`,
    ],
    run: search,
  },
  {
    words: 'mail index',
    summary: 'Add to the search index what is not in it yet.',
    operands: [],
    flags: [rebuildFlag, ...optionFlags('db')],
    examples: ['mail index', 'mail index --rebuild'],
    run: index,
  },
];
