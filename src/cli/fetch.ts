/** `pennypost fetch …`: collectors, which fetch mail from maildrops on other servers on a schedule. No password is ever shown. */
import { randomUUID } from 'node:crypto';
import { claimed } from '../collector/fetcher.js';
import { collect } from '../collector/run.js';
import { longDurationMs, typedDuration } from '../config/units.js';
import { formatAddress } from '../message/mailbox.js';
import { printableLine } from '../message/printable.js';
import type { Collector, CollectorChange, CollectorLogin, CollectorRun, RemoveAfter } from '../store/collectors.js';
import { refusals } from '../store/rules/refusals.js';
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
import { maildropAt, passwordFor, sourceFlags } from './import-source.js';
import { interruptible } from './interruption.js';
import { printList, printListAsJson, type Table } from './listing.js';
import { accountAddress } from './operand.js';
import { requireDatabase, withExistingStore, type Administration } from './storage.js';
import { counted, moment, print, printJson, printTable } from './terminal.js';
import { typedFlag } from './typed.js';

const urlOperand: Operand = { name: 'URL', doc: 'pop3s://user@host of the other server, as import takes it' };
const numberOperand: Operand = { name: 'NUMBER', doc: "a collector's number, as 'fetch list' shows it" };

const intoFlag: Flag = { name: 'into', placeholder: 'ADDRESS', doc: 'The account that the mail comes into.' };
const everyFlag: Flag = { name: 'every', placeholder: 'DURATION', doc: 'From one run to the next; 15m unless given.' };
const keepFlag: Flag = { name: 'keep', placeholder: '', doc: 'Leave the mail on the other server, as unless given.' };
const removeFlag: Flag = {
  name: 'remove-after',
  placeholder: 'DURATION',
  doc: 'Remove a message there when it has been here for so long; 0s at once.',
};
const newPasswordFlag: Flag = {
  name: 'password',
  placeholder: '',
  doc: 'Take another password: PENNYPOST_FETCH_PASSWORD, or what is typed.',
};

const EVERY_MS = { usual: 15 * 60_000, least: 60_000, most: 30 * 86_400_000 };

async function add(invocation: Invocation): Promise<number> {
  const [given = ''] = invocation.operands;
  const maildrop = maildropAt(given);
  const into = accountAddress(required(invocation, intoFlag));
  const everyMs = everyOf(invocation) ?? EVERY_MS.usual;
  const removeAfterMs = removalOf(invocation) ?? 'never';
  const { db } = invocation.load().configuration;
  await requireDatabase(db);
  const password = await passwordFor(invocation, maildrop);
  const collector = { url: new URL(given).href, password, into, everyMs, removeAfterMs };
  const id = await withExistingStore(db, ({ collectors }) => collectors.addCollector(collector));
  await print(
    `Collector ${id} fetches from ${printableLine(collector.url)} into ${formatAddress(into)} every ${typedDuration(everyMs)} while a server runs; 'pennypost fetch show ${id}' shows what came of it.\n`,
  );
  return exit.fine;
}

async function list(invocation: Invocation): Promise<number> {
  await withExistingStore(invocation.load().configuration.db, ({ collectors }) => {
    const pages = (after?: Collector) => (after === undefined ? collectors.listCollectors() : []);
    return invocation.has(jsonFlag.name) ? printListAsJson(pages, shown) : printList(pages, table);
  });
  return exit.fine;
}

const table: Table<Collector> = {
  head: ['number', 'from', 'into', 'every', 'fetched', 'last run', 'next', 'state'],
  row: (collector) => [
    ...[collector.id, collector.url, formatAddress(collector.into), typedDuration(collector.everyMs)],
    ...[collector.fetched, moment(collector.lastRunAtMs), moment(collector.nextRunAtMs), stateOf(collector)],
  ],
};

async function show(invocation: Invocation): Promise<number> {
  const id = numberOf(invocation);
  const collector = await withExistingStore(invocation.load().configuration.db, (store) => find(store, id));
  if (invocation.has(jsonFlag.name)) await printJson(shown(collector));
  else await printTable(['what', 'value'], rows(collector));
  return exit.fine;
}

function rows(collector: Collector): readonly (readonly string[])[] {
  const { failure } = collector;
  return [
    ['number', String(collector.id)],
    ['from', collector.url],
    ['into', formatAddress(collector.into)],
    ['every', typedDuration(collector.everyMs)],
    ['removes there', removal(collector.removeAfterMs)],
    ['state', stateOf(collector)],
    ...(failure === undefined ? [] : [['failed', `${moment(failure.atMs)}: ${failure.text}`]]),
    ['last run', moment(collector.lastRunAtMs)],
    ['last without failure', moment(collector.lastSuccessAtMs)],
    ['next run', moment(collector.nextRunAtMs)],
    ['messages fetched', String(collector.fetched)],
    ['left there by the last run', String(collector.leftOut)],
  ];
}

function removal(removeAfterMs: RemoveAfter): string {
  if (removeAfterMs === 'never') return 'never';
  return removeAfterMs === 0 ? 'what is here' : `what has been here for ${typedDuration(removeAfterMs)}`;
}

function stateOf({ claim, failures, failure, lastRunAtMs }: Collector): string {
  if (claim !== undefined && claim.untilMs > Date.now()) return 'fetching';
  if (failure !== undefined) return failures === 1 ? 'failed' : `failed ${failures} times`;
  return lastRunAtMs === undefined ? 'not yet run' : 'fine';
}

/** For programs: without the password, and what is for processes alone. */
function shown(collector: Collector): unknown {
  const { id, url, everyMs, removeAfterMs, nextRunAtMs, lastRunAtMs, lastSuccessAtMs } = collector;
  const { fetched, leftOut, failures, failure } = collector;
  return {
    ...{
      id,
      url,
      into: formatAddress(collector.into),
      everyMs,
      removeAfterMs,
      nextRunAtMs,
      lastRunAtMs,
      lastSuccessAtMs,
    },
    ...{ fetched, leftOut, failures, failure },
  };
}

async function set(invocation: Invocation): Promise<number> {
  const id = numberOf(invocation);
  const [everyMs, removeAfterMs] = [everyOf(invocation), removalOf(invocation)];
  const { db } = invocation.load().configuration;
  const asks = invocation.has(newPasswordFlag.name) || invocation.text(sourceFlags.passwordFile.name) !== undefined;
  if (everyMs === undefined && removeAfterMs === undefined && !asks)
    throw new UsageError('nothing is to be changed: --every, --keep, --remove-after, --password or --password-file');
  const { url } = await withExistingStore(db, (store) => find(store, id));
  const change: CollectorChange = {
    ...(everyMs !== undefined && { everyMs }),
    ...(removeAfterMs !== undefined && { removeAfterMs }),
    ...(asks && { password: await passwordFor(invocation, maildropAt(url)) }),
  };
  await withExistingStore(db, ({ collectors }) => collectors.setCollector(id, change));
  await print(`Collector ${id} is changed, and due now.\n`);
  return exit.fine;
}

async function remove(invocation: Invocation): Promise<number> {
  const id = numberOf(invocation);
  await withExistingStore(invocation.load().configuration.db, ({ collectors }) => collectors.removeCollector(id));
  await print(`Collector ${id} is removed; what it has fetched stays.\n`);
  return exit.fine;
}

/** Here and now, whether a server runs or not. */
async function run(invocation: Invocation): Promise<number> {
  const id = numberOf(invocation);
  const { db, maxMessageSize: maxOctets } = invocation.load().configuration;
  return withExistingStore(db, async (store) => {
    const collector = await find(store, id);
    const done = await interruptible((signal) => runOnce(store, collector, { maxOctets, signal }));
    if (done === undefined) throw new Refusal(`Collector ${id} is being fetched by the server just now.`);
    await print(`Fetched ${counted(done.fetched, 'message')} into ${formatAddress(collector.into)}${rest(done)}.\n`);
    if (done.failure !== undefined) throw new Refusal(`${done.failure.text}.`);
    return done.leftOut === 0 ? exit.fine : exit.refused;
  });
}

function rest({ leftOut, goesOn }: CollectorRun): string {
  const left = leftOut === 0 ? '' : `; ${leftOut} left there`;
  return goesOn === true ? `${left}; the rest comes with the next run` : left;
}

function runOnce(
  store: Administration,
  collector: CollectorLogin,
  options: { readonly maxOctets: number; readonly signal: AbortSignal },
): Promise<CollectorRun | undefined> {
  const leftOut = (place: string, why: string): void =>
    void process.stderr.write(`pennypost: ${printableLine(`${place} is left there: ${why}`)}.\n`);
  const { collectors, mailboxes } = store;
  const act = () => collect(collector, { ...options, store, mailboxes, leftOut });
  return claimed(collector, { collectors, name: randomUUID(), act });
}

/** @throws Refusal */
async function find({ collectors }: Administration, id: number): Promise<CollectorLogin> {
  const collector = await collectors.findCollector(id);
  if (collector === undefined) throw new Refusal(`${refusals.noCollector(id)}.`);
  return collector;
}

function numberOf({ operands: [text = ''] }: Invocation): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`'${text}' is no number of a collector; they count from 1`);
  return Number(text);
}

function required(invocation: Invocation, { name, placeholder }: Flag): string {
  const text = invocation.text(name);
  if (text === undefined) throw new UsageError(`--${name} ${placeholder} is missing`);
  return text;
}

function everyOf(invocation: Invocation): number | undefined {
  const everyMs = durationOf(invocation, everyFlag);
  if (everyMs !== undefined && (everyMs < EVERY_MS.least || everyMs > EVERY_MS.most))
    throw new UsageError(`--${everyFlag.name} takes a duration from 1m to 30d`);
  return everyMs;
}

function removalOf(invocation: Invocation): RemoveAfter | undefined {
  const afterMs = durationOf(invocation, removeFlag);
  if (!invocation.has(keepFlag.name)) return afterMs;
  if (afterMs === undefined) return 'never';
  throw new UsageError(`--${keepFlag.name} and --${removeFlag.name} exclude each other`);
}

function durationOf(invocation: Invocation, flag: Flag): number | undefined {
  const text = invocation.text(flag.name);
  return text === undefined ? undefined : typedFlag(flag, text, longDurationMs);
}

export const fetchCommands: readonly Command[] = [
  {
    words: 'fetch add',
    summary: 'Fetch mail from a maildrop on another server, again and again, into an account.',
    operands: [urlOperand],
    flags: [intoFlag, everyFlag, keepFlag, removeFlag, sourceFlags.passwordFile, ...optionFlags('db')],
    examples: [
      'fetch add pop3s://alice@mail.example.net --into alice@localhost --password-file secret',
      'fetch add pop3s://alice@mail.example.net --into alice@localhost --every 5m --remove-after 7d',
    ],
    run: add,
  },
  {
    words: 'fetch list',
    summary: 'List the collectors: where mail is fetched from, and what came of it.',
    operands: [],
    flags: [jsonFlag, ...optionFlags('db')],
    examples: ['fetch list', 'fetch list --json'],
    run: list,
  },
  {
    words: 'fetch show',
    summary: 'Show one collector.',
    operands: [numberOperand],
    flags: [jsonFlag, ...optionFlags('db')],
    examples: ['fetch show 1'],
    run: show,
  },
  {
    words: 'fetch run',
    summary: 'Fetch what is new now, and say what came.',
    operands: [numberOperand],
    flags: optionFlags('db', 'maxMessageSize'),
    examples: ['fetch run 1'],
    run,
  },
  {
    words: 'fetch set',
    summary: 'Give a collector another schedule or password; what is not given stays. It is due at once.',
    operands: [numberOperand],
    flags: [everyFlag, keepFlag, removeFlag, newPasswordFlag, sourceFlags.passwordFile, ...optionFlags('db')],
    examples: ['fetch set 1 --every 1h', 'fetch set 1 --password-file secret', 'fetch set 1 --keep'],
    run: set,
  },
  {
    words: 'fetch remove',
    summary: 'Remove a collector; what it has fetched stays.',
    operands: [numberOperand],
    flags: optionFlags('db'),
    examples: ['fetch remove 1'],
    run: remove,
  },
];
