/** What an administrator does with mail that waits: one command a change, by numbers or by flags. Says of each number why it was not changed. */
import { isForLater, type QueuedMail, type QueueEntry } from '../store/queued-mail.js';
import { UsageError, type Flag, type Invocation } from './command.js';
import { exit, Refusal } from './exit.js';
import { meantBy, selectedIds, type Meant } from './selection.js';
import { withExistingStore } from './storage.js';
import { counted, print } from './terminal.js';

export const yesFlag: Flag = { name: 'yes', placeholder: '', doc: 'Remove what the flags select; nobody is told.' };

type Change = 'retry' | 'hold' | 'release' | 'remove';

/** Of numbers that were typed, so many are looked at one by one. */
const NAMED_LIMIT = 20;
const NOTHING =
  "Nothing was changed; 'pennypost queue list' shows what waits, and in which state: what is on hold goes on by 'pennypost queue release'.";

/** Says how many, since what is being sent, or left the queue meanwhile, is not changed. */
export function changing(change: Change, done: string) {
  return async (invocation: Invocation): Promise<number> => {
    const nowMs = Date.now();
    // What is to leave at a time leaves before by its number alone.
    const select = selectedIds(invocation, (entry) => change !== 'retry' || !isForLater(entry, nowMs));
    if (change === 'remove' && invocation.operands.length === 0 && !invocation.has(yesFlag.name))
      throw new UsageError('removed mail is lost, and its senders are not told; --yes says that this is meant');
    const { changed, left } = await withExistingStore(invocation.load().configuration.db, async ({ queuedMail }) => {
      const meant: Meant[] = [];
      for (const id of invocation.operands) meant.push(await meantBy(queuedMail, id));
      const typed = meant.flatMap(({ numbers }) => numbers);
      const reasons = [...nothingOf(meant), ...(await whyNot(queuedMail, change, typed.slice(0, NAMED_LIMIT)))];
      return { changed: await changeAll(queuedMail, change, select(queuedMail, typed)), left: reasons };
    });
    await print(`${counted(changed, 'recipient')} ${done}.\n`);
    if (changed === 0) throw new Refusal(left.length === 0 ? NOTHING : `Nothing was changed: ${left.join('; ')}.`);
    for (const reason of left) await print(`Not changed: ${reason}.\n`);
    return exit.fine;
  };
}

async function changeAll(queue: QueuedMail, change: Change, pieces: AsyncIterable<readonly number[]>): Promise<number> {
  let changed = 0;
  for await (const ids of pieces) changed += await queue[change](ids);
  return changed;
}

function nothingOf(meant: readonly Meant[]): readonly string[] {
  return meant.filter(({ numbers }) => numbers.length === 0).map(({ typed }) => `nothing waits of ${typed}`);
}

/** A clause for each of those that the change does nothing to. */
async function whyNot(queue: QueuedMail, change: Change, ids: readonly number[]): Promise<readonly string[]> {
  const clauses: string[] = [];
  for (const id of ids) {
    const found = await queue.find(id);
    const why = found?.entry === undefined ? 'is not in the queue' : refusals[change](found.entry);
    if (why !== undefined) clauses.push(`${id} ${why}`);
  }
  return clauses;
}

const refusals: Readonly<Record<Change, (entry: QueueEntry) => string | undefined>> = {
  retry: (entry) => beingSent(entry) ?? (isParked(entry) ? stays(entry) : undefined),
  hold: (entry) => beingSent(entry) ?? (isParked(entry) ? `is ${words(entry)} already` : undefined),
  release: (entry) => (isParked(entry) ? undefined : "is not on hold; 'pennypost queue retry' tries it now"),
  remove: () => undefined,
};

function beingSent({ isLeased }: QueueEntry): string | undefined {
  return isLeased ? 'is being sent at this moment: try again in a moment' : undefined;
}

/** It waits for an administrator. */
function isParked({ dueAtMs }: QueueEntry): boolean {
  return dueAtMs === undefined;
}

function stays(entry: QueueEntry): string {
  return `is ${words(entry)}; 'pennypost queue release ${entry.id}' lets it go on`;
}

function words({ state }: QueueEntry): string {
  return state === 'hold' ? 'on hold' : state;
}
