/** Which recipients of the queue a command is about: ids, or flags that all of them must match, or all of them by `--all`. */
import { longDurationMs } from '../config/units.js';
import { printableLine } from '../message/printable.js';
import type { QueueEntry, QueueFilter, QueuedMail } from '../store/queued-mail.js';
import type { QueueState } from '../store/queue.js';
import { UsageError, type Flag, type Invocation, type Operand } from './command.js';
import { domain, envelopeAddress, NULL_PATH, reversePath } from './operand.js';
import { typedFlag } from './typed.js';

const STATES: readonly QueueState[] = ['active', 'deferred', 'hold', 'corrupt'];

const stateFlag: Flag = { name: 'state', placeholder: 'STATE', doc: `Only those that are ${STATES.join(', ')}.` };
const domainFlag: Flag = { name: 'domain', placeholder: 'NAME', doc: 'Only those of this destination.' };
const fromFlag: Flag = {
  name: 'from',
  placeholder: 'ADDRESS',
  doc: `Only those of this sender; '${NULL_PATH}' for reports.`,
};
const toFlag: Flag = { name: 'to', placeholder: 'ADDRESS', doc: 'Only those for this recipient.' };
const olderFlag: Flag = {
  name: 'older-than',
  placeholder: 'TIME',
  doc: 'Only those queued so long ago, such as 2h or 3d.',
};

export const filterFlags: readonly Flag[] = [stateFlag, domainFlag, fromFlag, toFlag, olderFlag];
export const allFlag: Flag = { name: 'all', placeholder: '', doc: 'All that is in the queue.' };

/** For whoever looks in the queue for mail that waits no more. */
export const whereTheRestIs = 'what has left is in the view deliveries of the database: select * from deliveries';

export const idOperand: Operand = {
  name: 'ID',
  doc: "a recipient's number, as 'queue list' shows it, or the id that the 250 said, for all recipients of that message",
};

/** As mx3on2yd-1.1-1: in the 250, and in the Received line. */
const ACCEPTED_ID = /^[0-9a-z]+-[0-9a-z]+\.[0-9a-z]+-\d+$/;
const NUMBER = /^[1-9]\d{0,14}$/;

/** An ID as it was typed, and the numbers that it means: none where nothing waits that was accepted as that. */
export interface Meant {
  readonly typed: string;
  readonly numbers: readonly number[];
}

/** @throws UsageError */
export function filterOf(invocation: Invocation): QueueFilter {
  const from = invocation.text(fromFlag.name);
  const to = invocation.text(toFlag.name);
  const older = invocation.text(olderFlag.name);
  const destination = invocation.text(domainFlag.name);
  return {
    state: stateOf(invocation.text(stateFlag.name)),
    destination: destination === undefined ? undefined : domain(destination),
    from: from === undefined ? undefined : reversePath(from),
    to: to === undefined ? undefined : envelopeAddress(to).text,
    queuedBeforeMs: older === undefined ? undefined : Date.now() - typedFlag(olderFlag, older, longDurationMs),
  };
}

/** @throws UsageError */
export function requireId(text = ''): string {
  if (!NUMBER.test(text) && !isAcceptedId(text))
    throw new UsageError(
      `'${text}' is neither a number of the queue nor the id of a 250; 'queue list' shows the numbers, and ${whereTheRestIs}`,
    );
  return text;
}

export function isAcceptedId(text: string): boolean {
  return ACCEPTED_ID.test(text);
}

export async function meantBy(queue: QueuedMail, id: string): Promise<Meant> {
  if (!isAcceptedId(id)) return { typed: id, numbers: [Number(id)] };
  const numbers: number[] = [];
  for await (const entries of pagesOf(queue, { acceptedAs: id })) numbers.push(...entries.map((entry) => entry.id));
  return { typed: id, numbers };
}

/**
 * The numbers of what was typed, a few hundred at a time, or those of the entries that the flags leave. Neither of both is a mistake that
 * costs too much. `isMeant` leaves out more of those that were not typed. @throws UsageError
 */
export function selectedIds(
  invocation: Invocation,
  isMeant: (entry: QueueEntry) => boolean = () => true,
): (queue: QueuedMail, typed: readonly number[]) => AsyncIterable<readonly number[]> {
  const ids = invocation.operands.map(requireId);
  const filter = filterOf(invocation);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  if (ids.length > 0 && (isFiltered || invocation.has(allFlag.name)))
    throw new UsageError('numbers and flags that select cannot be given together');
  if (ids.length === 0 && !isFiltered && !invocation.has(allFlag.name))
    throw new UsageError('name what is meant: numbers, flags such as --domain, or --all');
  return (queue, typed) => (ids.length > 0 ? inPieces(typed) : idsOf(queue, filter, isMeant));
}

const PIECE = 500;

// eslint-disable-next-line @typescript-eslint/require-await -- one shape for both
async function* inPieces(ids: readonly number[]): AsyncIterable<readonly number[]> {
  for (let at = 0; at < ids.length; at += PIECE) yield ids.slice(at, at + PIECE);
}

async function* idsOf(
  queue: QueuedMail,
  filter: QueueFilter,
  isMeant: (entry: QueueEntry) => boolean,
): AsyncIterable<readonly number[]> {
  for await (const entries of pagesOf(queue, filter)) yield entries.filter(isMeant).map(({ id }) => id);
}

/** Every page that has something on it. */
export async function* pagesOf(queue: QueuedMail, filter: QueueFilter): AsyncGenerator<readonly QueueEntry[], void> {
  for (let after: number | undefined; ;) {
    const { entries, next } = await queue.list(filter, after);
    if (entries.length > 0) yield entries;
    if (next === undefined) return;
    after = next;
  }
}

function stateOf(text: string | undefined): QueueState | undefined {
  const found = STATES.find((state) => state === text?.toLowerCase());
  if (text !== undefined && found === undefined)
    throw new UsageError(`--${stateFlag.name} takes one of ${STATES.join(', ')}, not '${text}'`);
  return found;
}

/** What a server said, for a person. */
export function replyText(reply: QueueEntry['lastReply']): string {
  if (reply === undefined) return '';
  const { code, enhanced, text } = reply;
  return printableLine([code, enhanced, text].filter((part) => part !== undefined).join(' '));
}
