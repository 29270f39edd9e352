/** `pennypost queue …`: what waits to be sent to other domains, what became of it, and what an administrator does with it. */
import { printableLine } from '../message/printable.js';
import type { QueueEntry, QueuedRecipient } from '../store/queued-mail.js';
import { jsonFlag, optionFlags, type Command, type Invocation } from './command.js';
import { exit, Refusal } from './exit.js';
import { explain, explainFromFlag } from './explanation.js';
import { printList, printListAsJson, type Table } from './listing.js';
import {
  allFlag,
  filterFlags,
  filterOf,
  idOperand,
  isAcceptedId,
  meantBy,
  pagesOf,
  replyText,
  requireId,
  whereTheRestIs,
} from './selection.js';
import { addressOperand } from './operand.js';
import { changing, yesFlag } from './queue-changes.js';

import { withExistingStore } from './storage.js';
import { moment, print, printJson, printTable } from './terminal.js';

async function list(invocation: Invocation): Promise<number> {
  const filter = filterOf(invocation);
  await withExistingStore(invocation.load().configuration.db, async ({ queuedMail }) => {
    const pages = pagesOf(queuedMail, filter);
    let count = 0;
    const next = async (): Promise<readonly QueueEntry[]> => {
      const page = await pages.next();
      if (page.done === true) return [];
      count += page.value.length;
      return page.value;
    };
    if (invocation.has(jsonFlag.name)) return printListAsJson(next);
    await printList(next, queueTable);
    if (count === 0) await print(`None waits; ${whereTheRestIs}\n`);
  });
  return exit.fine;
}

const queueTable: Table<QueueEntry> = {
  head: ['id', 'state', 'queued', 'next attempt', 'tries', 'octets', 'from', 'to', 'last reply'],
  row: (one) => [
    ...[one.id, stateOf(one), moment(known(one.queuedAtMs)), moment(nextAttempt(one)), one.attempts, one.octets],
    ...[one.reversePath === '' ? '<>' : one.reversePath, one.recipient, replyText(restOf(one) ?? one.lastReply)],
  ],
};

function stateOf({ state, isLeased }: QueueEntry): string {
  return isLeased ? 'sending' : state;
}

/** What keeps it from being tried: its next hop takes nothing at the moment. */
function restOf({ dueAtMs, restsUntilMs = 0, restReason }: QueueEntry): QueueEntry['restReason'] {
  return dueAtMs !== undefined && restsUntilMs > Math.max(dueAtMs, Date.now()) ? restReason : undefined;
}

function nextAttempt({ dueAtMs, restsUntilMs = 0 }: QueueEntry): number | undefined {
  return dueAtMs === undefined ? undefined : Math.max(dueAtMs, restsUntilMs);
}

async function show(invocation: Invocation): Promise<number> {
  const id = requireId(invocation.operands[0]);
  await withExistingStore(invocation.load().configuration.db, async ({ queuedMail }) => {
    const { numbers } = await meantBy(queuedMail, id);
    const found: Known[] = [];
    for (const number of numbers) found.push({ id: number, ...((await queuedMail.find(number)) ?? unknown(number)) });
    if (found.length === 0) throw new Refusal(`Nothing waits that was accepted as ${id}; ${whereTheRestIs}.`);
    if (invocation.has(jsonFlag.name)) return printJson(isAcceptedId(id) ? found : found[0]);
    for (const [at, one] of found.entries()) await showOne(one, at === 0 ? '' : '\n');
  });
  return exit.fine;
}

type Known = QueuedRecipient & { readonly id: number };

function unknown(number: number): never {
  throw new Refusal(`Nothing is known of number ${number}; 'pennypost queue list' shows what waits.`);
}

async function showOne(found: Known, before: string): Promise<void> {
  await print(before);
  await printTable(['what', 'value'], [['number', String(found.id)], ...story(found)]);
  await print('\n');
  await printTable(attemptHead, found.attempts.map(attemptRow), Infinity);
}

function story({ entry, attempts }: QueuedRecipient): readonly (readonly string[])[] {
  const last = attempts.at(-1);
  if (entry === undefined)
    return [
      ['state', last === undefined ? 'gone' : `${last.kind}, and left the queue`],
      ['from', last?.reversePath ?? ''],
      ['to', last?.recipient ?? ''],
    ];
  return [
    ['state', stateOf(entry)],
    ['from', entry.reversePath],
    ['to', entry.recipient],
    ['destination', entry.destination],
    ['octets', String(entry.octets)],
    ['queued', moment(known(entry.queuedAtMs))],
    ['next attempt', moment(nextAttempt(entry))],
    ['given up', moment(known(entry.expiresAtMs))],
    ['last reply', replyText(entry.lastReply)],
    ...waitsFor(entry),
  ];
}

/** Of a message that cannot be read no time is known. */
function known(atMs: number): number | undefined {
  return atMs === 0 ? undefined : atMs;
}

function waitsFor(entry: QueueEntry): readonly (readonly string[])[] {
  const reason = restOf(entry);
  if (entry.state === 'hold') return [['waits for', "an administrator: 'pennypost queue release' lets it go on"]];
  if (entry.state === 'corrupt')
    return [
      ['waits for', "an administrator: 'pennypost queue release' tries it again, 'pennypost queue remove' drops it"],
    ];
  if (reason === undefined) return [];
  const where = reason.host === undefined ? 'its next hop' : printableLine(reason.host);
  return [['waits for', `${where}, which took no mail the last time: ${replyText(reason)}`]];
}

const attemptHead = ['at', 'outcome', 'ms', 'host', 'TLS', 'reply'];

function attemptRow({ atMs, kind, durationMs, reply }: QueuedRecipient['attempts'][number]): readonly string[] {
  return [moment(atMs), kind, String(durationMs ?? ''), reply.host ?? '', reply.tls ?? '', replyText(reply)];
}

const someIds = [{ ...idOperand, optional: true, repeats: true }] as const;
const selecting = [...filterFlags, allFlag, ...optionFlags('db')];

export const queueCommands: readonly Command[] = [
  {
    words: 'queue list',
    summary: 'List the mail that waits to be sent to other domains, a line a recipient.',
    operands: [],
    flags: [...filterFlags, jsonFlag, ...optionFlags('db')],
    examples: ['queue list', 'queue list --state deferred --domain example.net'],
    run: list,
  },
  {
    words: 'queue show',
    summary: 'Show one recipient of the queue, and each attempt to deliver to it.',
    operands: [idOperand],
    flags: [jsonFlag, ...optionFlags('db')],
    examples: ['queue show 17', 'queue show mx3on2yd-1.1-1'],
    run: show,
  },
  {
    words: 'queue retry',
    summary: 'Try deferred mail again now; what is held until a time, by its number alone.',
    operands: someIds,
    flags: selecting,
    examples: ['queue retry 17', 'queue retry --domain example.net'],
    run: changing('retry', 'will be tried now'),
  },
  {
    words: 'queue hold',
    summary: 'Try nothing before it is released.',
    operands: someIds,
    flags: selecting,
    examples: ['queue hold 17', 'queue hold mx3on2yd-1.1-1', 'queue hold --from alice@example.org'],
    run: changing('hold', 'put on hold'),
  },
  {
    words: 'queue release',
    summary: 'Let go on what was put on hold, or was found to be corrupt.',
    operands: someIds,
    flags: selecting,
    examples: ['queue release 17', 'queue release --state hold'],
    run: changing('release', 'released'),
  },
  {
    words: 'queue remove',
    summary: 'Remove mail from the queue; its sender is not told.',
    operands: someIds,
    flags: [...selecting, yesFlag],
    examples: ['queue remove 17', 'queue remove --from mallory@example.org --yes'],
    run: changing('remove', 'removed'),
  },
  {
    words: 'queue explain',
    summary: 'Say where mail to an address would go, by which servers, and why.',
    operands: [addressOperand],
    flags: [explainFromFlag, ...optionFlags('db', 'outbound', 'relay', 'relayPasswordFile')],
    examples: ['queue explain bob@example.net', 'queue explain bob@example.net --from till@shop.example'],
    run: explain,
  },
];
