/**
 * Messages that were removed, as administration sees them: read here, changed by the store. What changes the numbers of a maildrop
 * holds it meanwhile, as a session does.
 */
import { setTimeout } from 'node:timers/promises';
import { StoreError } from '../../errors.js';
import type { Keeping, RemovedMail } from '../../removed-mail.js';
import { addressText } from '../../rules/names.js';
import { takes } from '../../rules/quotas.js';
import { inPart, refusals, refuse } from '../../rules/refusals.js';
import type { AccountId, Address } from '../../shapes.js';
import type { StoreStatus } from '../../status.js';
import { FrameType } from '../protocol/frames.js';
import type { RangeRow } from '../database/reads.js';
import type { LockedMaildrop, SocketMaildrops } from './maildrops.js';
import type { Reader } from './reader.js';
import type { StoreClient } from './store-client.js';

/** While the ranges of a large removal are taken over: it takes a moment. */
const SETTLE_PAUSE_MS = 20;
const SETTLE_LIMIT_MS = 10_000;

export interface RemovedMailOptions {
  readonly client: StoreClient;
  readonly reader: Reader;
  readonly maildrops: SocketMaildrops;
}

export function removedMailOf(options: RemovedMailOptions): RemovedMail {
  const { reader } = options;
  return {
    listRemoved: (address, after) => reader.removedMail.page(reader.directory.accountId(address), after?.id ?? 0),
    restoreMail: (address, numbers) => counted(options.client.change('restoreMail', address, numbers)),
    restoreTo: (address, atMs) =>
      holding(options, address, (account) => restoreTo(options, { address, account, atMs })),
    removeMail: (address, numbers) =>
      holding(options, address, async (_, maildrop) => {
        for (const number of numbers.flat()) if (number > maildrop.count) refuse(refusals.noMessage(number));
        await maildrop.remove(numbers);
        return keeping(options);
      }),
    removeMailById: (address, ids, by) =>
      holding(
        options,
        address,
        async (account, maildrop) => {
          if (ids !== 'all') await maildrop.removeUids(presentOf(reader, account, ids));
          else if (maildrop.count > 0) await maildrop.remove([[1, maildrop.count]]);
          return keeping(options);
        },
        by,
      ),
    restoreMailById: (address, ids) => {
      const numbers = reader.newest.numbers.all(JSON.stringify(ids), reader.directory.accountId(address));
      return counted(options.client.change('restoreMail', address, numbers));
    },
  };
}

/** Those of these that are there, each as a range. */
function presentOf(reader: Reader, account: AccountId, ids: readonly number[]): readonly RangeRow[] {
  const uids = reader.newest.present.all(JSON.stringify([...new Set(ids)]), account);
  return uids.map((uid) => [uid, uid]);
}

/** The store alone knows how it was told to keep them; one that cannot tell has opened its database, and then it keeps them. */
async function keeping({ client }: RemovedMailOptions): Promise<Keeping> {
  return ((await client.askJson(FrameType.Status)) as StoreStatus).removed ?? 'kept';
}

interface Restoring {
  readonly address: Address;
  readonly account: AccountId;
  readonly atMs: number;
}

async function restoreTo(options: RemovedMailOptions, { address, account, atMs }: Restoring): Promise<number> {
  const { reader } = options;
  await settled(reader, account);
  const purgedToMs = reader.removedMail.purgedToMs(account) ?? 0;
  if (purgedToMs > atMs) refuse(refusals.isPurged(addressText(address), new Date(purgedToMs).toISOString()));
  const back = reader.removedMail.heldSince(account, atMs);
  if (!reader.directory.rooms(address).every((room) => takes(room, back)))
    throw new StoreError('over-quota', refusals.noRoomToRestore);
  return undoAll(options, { address, account, atMs });
}

/** The purge goes on meanwhile, and may take a removal as a whole between two looks. */
async function undoAll(options: RemovedMailOptions, { address, account, atMs }: Restoring): Promise<number> {
  const { removedMail } = options.reader;
  const afterMs = Math.max(0, Math.floor(atMs)); // As it travels; nothing was removed before 1970.
  let restored = 0;
  try {
    for (const removal of removedMail.removalsSince(account, atMs))
      while (removedMail.isThere(removal))
        restored += await counted(options.client.change('undoRemoval', address, removal, afterMs));
    if ((removedMail.purgedToMs(account) ?? 0) > atMs) refuse(refusals.isPurgedMeanwhile);
    return restored;
  } catch (error) {
    throw inPart(restored, error);
  }
}

async function settled(reader: Reader, account: AccountId): Promise<void> {
  const untilMs = performance.now() + SETTLE_LIMIT_MS;
  while (reader.removals(account).length > 0) {
    if (performance.now() > untilMs) throw new StoreError('busy', 'a large removal is still being written down');
    await setTimeout(SETTLE_PAUSE_MS);
  }
}

/** What the store answers: how many messages. */
async function counted(answer: Promise<unknown>): Promise<number> {
  return (await answer) as number;
}

async function holding<T>(
  { reader, maildrops }: RemovedMailOptions,
  address: Address,
  work: (account: AccountId, maildrop: LockedMaildrop) => Promise<T>,
  from = 'an administrator',
): Promise<T> {
  const account = reader.directory.accountId(address);
  const maildrop = await maildrops.open(account, { from, isAdministration: true });
  try {
    return await work(account, maildrop);
  } finally {
    await maildrop.release();
  }
}
