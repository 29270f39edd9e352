/**
 * Maildrops as sessions hold them: the lock is the store's, messages are read here, and a removal goes to the store by the name of
 * its lock. When the store goes away its locks are gone with it, and a removal through a lock that is gone is refused.
 */
import type { Slices } from '../../../runtime/slices.js';
import { StoreError } from '../../errors.js';
import type { Maildrop, Maildrops, MessageInfo, NumberRange, Opener } from '../../maildrops.js';
import type { AccountId, MaybePromise } from '../../shapes.js';
import type { Source } from '../../source.js';
import type { MaildropRow, RangeRow } from '../database/reads.js';
import { FrameType, jsonFrame } from '../protocol/frames.js';
import type { LockRequest } from '../protocol/requests.js';
import { MessageList } from './message-list.js';
import type { Openers } from './openers.js';
import type { PacedReads } from './paced-reads.js';
import type { Listed } from './passed-over.js';
import { ReadAhead } from './read-ahead.js';
import type { Reader } from './reader.js';
import type { StoreClient } from './store-client.js';
import { shownBy } from './view-count.js';

/** So many uids are read by the store in a millisecond or two. */
const RANGES_PER_FRAME = 1000;

/** `lock` is the number of the request that took it. */
interface LockName {
  readonly account: AccountId;
  readonly lock: number;
}

/** What is locked, and what it held then. */
interface Locked extends LockName {
  readonly listed: Listed;
  readonly held: MaildropRow;
}

interface MaildropConnection {
  readonly client: StoreClient;
  readonly openers: Openers;
}

export interface MaildropsOptions extends MaildropConnection {
  readonly reader: Reader;
  readonly reads: PacedReads;
  readonly slices: Slices;
}

export class SocketMaildrops implements Pick<Maildrops, 'open'> {
  readonly #options: MaildropsOptions;

  constructor(options: MaildropsOptions) {
    this.#options = options;
  }

  async open(account: AccountId, opener: Opener): Promise<LockedMaildrop> {
    const { client } = this.#options;
    const name = { account, lock: client.nextRequest() };
    await this.#lock(name, opener);
    try {
      const listed = { account, view: opener.view };
      return new LockedMaildrop({ listed, held: await this.#held(listed), ...name }, this.#options);
    } catch (error) {
      await release(this.#options, name);
      throw error;
    }
  }

  async #held(listed: Listed): Promise<MaildropRow> {
    const row = await this.#options.reads.maildrop(listed.account);
    return listed.view === undefined ? row : shownBy(listed, row, this.#options);
  }

  /** Known by its number before the store may ask for it. */
  async #lock(name: LockName, opener: Opener): Promise<void> {
    const { client, openers } = this.#options;
    const { account, lock } = name;
    const { from, gone, view, intervalMs, isAdministration = false } = opener;
    const forget = (): void => void release(this.#options, name);
    openers.add(lock, opener);
    gone?.addEventListener('abort', forget);
    try {
      await client.ask(
        lock,
        jsonFrame(FrameType.Lock, lock, {
          account,
          from,
          view,
          intervalMs,
          isLogin: !isAdministration,
        } satisfies LockRequest),
      );
    } catch (error) {
      openers.remove(lock);
      throw error;
    } finally {
      gone?.removeEventListener('abort', forget);
    }
  }
}

export class LockedMaildrop implements Maildrop {
  readonly count: number;
  readonly octets: number;
  readonly #name: LockName;
  readonly #list: MessageList;
  readonly #ahead: ReadAhead;
  readonly #connection: MaildropConnection;

  constructor({ account, lock, listed, held }: Locked, { reader, reads, slices, ...connection }: MaildropsOptions) {
    this.count = held.messages;
    this.octets = held.octets;
    this.#name = { account, lock };
    this.#list = new MessageList(listed, held, { reader, slices });
    this.#ahead = new ReadAhead(reads, account);
    this.#connection = connection;
  }

  pages(): Source<readonly MessageInfo[]> {
    return this.#list.pages();
  }

  find(number: number): MaybePromise<MessageInfo | undefined> {
    return this.#list.find(number);
  }

  read(id: number): MaybePromise<Source> {
    return this.#ahead.read(id);
  }

  remove(numbers: Iterable<NumberRange>): Promise<void> {
    return this.removeUids(this.#list.uidRanges(numbers));
  }

  /** Of messages that are there alone, in order. In frames of a bounded size: the store removes nothing before the last of them. */
  async removeUids(uids: AsyncIterable<RangeRow> | Iterable<RangeRow>): Promise<void> {
    let ranges: number[] = [];
    for await (const [first, last] of uids) {
      if (ranges.length === 2 * RANGES_PER_FRAME) {
        await this.#sendRemoval(ranges, true);
        ranges = [];
      }
      ranges.push(first, last);
    }
    await this.#sendRemoval(ranges, false);
  }

  release(): Promise<void> {
    return release(this.#connection, this.#name);
  }

  async #sendRemoval(ranges: readonly number[], more: boolean): Promise<void> {
    await this.#connection.client.askJson(FrameType.Remove, { ranges, more, ...this.#name });
  }
}

/** Of one that waits too. */
async function release({ client, openers }: MaildropConnection, name: LockName): Promise<void> {
  openers.remove(name.lock);
  try {
    await client.askJson(FrameType.Unlock, name);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error; // A store that is away took the lock with it.
  }
}
