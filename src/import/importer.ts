/**
 * Puts messages that come from elsewhere into one account, as they are: no field is added, only ends of lines become CRLF. Each is known
 * by a key, so that one that came before is passed over, and whatever ended an import, the next goes on where it was.
 * Many are on their way to the store at once: it commits those that wait together.
 */
import { createHash, hash as hashAtOnce } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { NewlineNormalizer } from '../bytes/newlines.js';
import { CRLF_OCTETS, LF } from '../bytes/line-ends.js';
import { viewOf } from '../bytes/view.js';
import { NoMail, type FoundMessage } from '../formats/found.js';
import type { SideFacts, SideFile } from '../formats/side-file-reader.js';
import { isCredible, receivedAtMs, reversePathOf } from '../message/arrival.js';
import { readPath } from '../message/path.js';
import type { Deliveries, Envelope } from '../store/deliveries.js';
import { StoreError } from '../store/errors.js';
import type { Mailboxes } from '../store/mailboxes.js';
import { isPassing, untilTaken } from '../store/patience.js';
import type { AccountId, Address } from '../store/shapes.js';
import { Occurrences } from './occurrences.js';

/** A larger message is read twice, and never held as a whole. */
const SMALL_BYTES = 256 * 1024;
/** On their way at once. */
const MESSAGES_UNDER_WAY = 1024;
const BYTES_UNDER_WAY = 8 * 1024 * 1024;
/** For a store that is busy, full or just starting. */
const PATIENCE_MS = 60_000;
const TURN_MS = 10;
const NO_TRACE = Buffer.alloc(0);
const HASH = 'sha256';

export interface ImporterOptions {
  readonly store: Pick<Deliveries, 'deliver'>;
  readonly mailboxes: Pick<Mailboxes, 'findImported'>;
  readonly owner: Address;
  readonly account: AccountId;
  /** The owner's, as it stands in envelopes. */
  readonly address: string;
  readonly keepsUidls: boolean;
  readonly ignoresQuota: boolean;
  readonly maxOctets: number;
  readonly side: SideFile | undefined;
  /** A message was left out. */
  readonly leftOut: (place: string, why: string) => void;
}

/** A message on its way to the store. */
interface Sending {
  readonly message: FoundMessage;
  readonly envelope: Envelope;
  /** From the first on. */
  readonly pieces: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly isReadOnce?: boolean;
}

/** What a message tells of itself, and a side file of it. */
interface Told {
  readonly first: Buffer;
  readonly facts: SideFacts | undefined;
}

/** A message whose octets are there, or were read once. */
interface Read {
  /** The first of them, or all. */
  readonly first: Buffer;
  readonly isWhole: boolean;
  /** Of what RETR will send. */
  readonly hash: Buffer;
}

export class Importer {
  readonly #options: ImporterOptions;
  readonly #occurrences = new Occurrences();
  readonly #underWay = new Set<Promise<void>>();
  #bytesUnderWay = 0;
  #roomWanted: (() => void) | undefined;
  #failure: unknown;
  #turnUntilMs = 0;
  /** Whether the last that is known of came before. */
  #asks = true;
  imported = 0;
  known = 0;

  constructor(options: ImporterOptions) {
    this.#options = options;
  }

  /** Resolves when the next may come; this one may still be on its way. @throws whatever one of those before failed with */
  async add(message: FoundMessage): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure as Error;
    await this.#turn();
    try {
      if (message.name === undefined) await this.#takeByOctets(message);
      else await this.#takeByName(message, keyOfName(message.name));
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#options.leftOut(message.place, error.message);
    }
  }

  /** What is known already costs no turn of the event loop, and signals and the store want theirs. */
  async #turn(): Promise<void> {
    if (performance.now() < this.#turnUntilMs) return;
    await setImmediate();
    this.#turnUntilMs = performance.now() + TURN_MS;
  }

  /** Resolves when all are durable. */
  async end(): Promise<void> {
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  /** Read to its end before it is known whether it came before; a large one is then read again. */
  async #takeByOctets(message: FoundMessage): Promise<void> {
    const { first, isWhole, hash } = await this.#read(message);
    const key = this.#occurrences.keyOf(hash);
    const facts = await this.#factsOf(hash);
    const knownSinceMs = await this.#knownSinceMs(key);
    if (knownSinceMs !== undefined) return message.taken?.(knownSinceMs);
    const envelope = this.#envelope(message, { first, facts, key });
    if (isWhole) return this.#send({ message, envelope, pieces: () => [first] }, first.length);
    await this.#alone({ message, envelope, pieces: () => this.#pieces(message) });
  }

  /** Damage in what messages do not say themselves is told, and no message is left out for it. */
  async #factsOf(hash: Buffer): Promise<SideFacts | undefined> {
    try {
      return await this.#options.side?.find(hash.toString('hex'));
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#options.leftOut('the rest of the side file', error.message);
      return undefined;
    }
  }

  async #takeByName(message: FoundMessage, key: Buffer): Promise<void> {
    const knownSinceMs = await this.#knownSinceMs(key);
    if (knownSinceMs !== undefined) return message.taken?.(knownSinceMs);
    const pieces = this.#pieces(message);
    const { first, isWhole } = await gather(pieces);
    const envelope = this.#envelope(message, { first, facts: undefined, key });
    if (isWhole) return this.#send({ message, envelope, pieces: () => [first] }, first.length);
    await this.#alone({ message, envelope, pieces: () => chain(first, pieces), isReadOnce: true });
  }

  /** Asked once one was known: a first import need not ask of each message, and one that is run again need not send them. */
  async #knownSinceMs(key: Buffer): Promise<number | undefined> {
    if (!this.#asks) return undefined;
    const { mailboxes, owner } = this.#options;
    const [sinceMs] = await mailboxes.findImported(owner, [key]);
    this.#asks = sinceMs !== undefined;
    if (this.#asks) this.known += 1;
    return sinceMs;
  }

  async #read(message: FoundMessage): Promise<Read> {
    const pieces = this.#pieces(message);
    const { first, isWhole } = await gather(pieces);
    if (isWhole) return { first, isWhole, hash: hashAtOnce(HASH, asRetrieved(first), 'buffer') };
    const sum = createHash(HASH).update(first);
    let last = first.at(-1);
    for await (const piece of pieces) {
      last = piece.at(-1);
      sum.update(piece);
    }
    if (last !== LF) sum.update(CRLF_OCTETS);
    return { first, isWhole, hash: sum.digest() };
  }

  /** With CRLF at the ends of lines. @throws NoMail for a message that is too large */
  async *#pieces(message: FoundMessage): AsyncGenerator<Uint8Array, void> {
    const { maxOctets } = this.#options;
    const lineEnds = new NewlineNormalizer();
    let octets = 0;
    for await (const raw of message.read()) {
      const piece = lineEnds.pass(raw);
      octets += piece.length;
      if (octets > maxOctets) throw new NoMail(`it is larger than --max-message-size, ${maxOctets} octets`);
      if (piece.length > 0) yield piece;
    }
  }

  #envelope(message: FoundMessage, { key, ...told }: Told & { readonly key: Buffer }): Envelope {
    const { account, address, ignoresQuota, keepsUidls } = this.#options;
    const uidl = keepsUidls ? (told.facts?.uidl ?? message.uidl) : undefined;
    const imported = { key, uidl, ignoresQuota };
    return {
      reversePath: senderOf(message, told),
      receivedAtMs: timeOf(message, told),
      recipients: [{ kind: 'local', account, recipient: address, trace: NO_TRACE, imported }],
    };
  }

  /** Without waiting for it, as long as not too many are on their way. */
  async #send(sending: Sending, bytes: number): Promise<void> {
    const sent: Promise<void> = this.#delivered(sending)
      .catch((error: unknown) => void (this.#failure ??= error))
      .then(() => this.#settled(sent, bytes));
    this.#underWay.add(sent);
    this.#bytesUnderWay += bytes;
    if (this.#isFull) await new Promise<void>((resolve) => (this.#roomWanted = resolve));
  }

  get #isFull(): boolean {
    return this.#underWay.size >= MESSAGES_UNDER_WAY || this.#bytesUnderWay > BYTES_UNDER_WAY;
  }

  #settled(sent: Promise<void>, bytes: number): void {
    this.#underWay.delete(sent);
    this.#bytesUnderWay -= bytes;
    if (this.#isFull) return;
    this.#roomWanted?.();
    this.#roomWanted = undefined;
  }

  /** Behind all others, so that messages stay in order. */
  async #alone(sending: Sending): Promise<void> {
    await Promise.all(this.#underWay);
    await this.#delivered(sending);
  }

  /** Again, where the store could not take it just now: whether it did or not, it is there once. */
  async #delivered({ message, envelope, pieces, isReadOnce = false }: Sending): Promise<void> {
    const deliver = () => this.#deliver(envelope, pieces());
    const leftOut = await deliver().catch((error: unknown) => {
      if (isReadOnce || !isPassing(error)) throw error;
      return untilTaken(deliver, AbortSignal.timeout(PATIENCE_MS));
    });
    this.#asks = leftOut.length > 0;
    if (leftOut.length === 0) this.imported += 1;
    else this.known += 1;
    message.taken?.(Date.now());
  }

  async #deliver(envelope: Envelope, pieces: ReturnType<Sending['pieces']>): Promise<readonly number[]> {
    const delivery = this.#options.store.deliver(envelope);
    try {
      for await (const piece of pieces) await delivery.write(piece);
    } catch (error) {
      delivery.abort();
      throw error;
    }
    return delivery.commit();
  }
}

/** What is no path is none. */
function senderOf(message: FoundMessage, { first, facts }: Told): string {
  const sender = facts?.reversePath ?? reversePathOf(first) ?? message.reversePath ?? '';
  return readPath(`<${sender}>`)?.path.text ?? '';
}

function timeOf(message: FoundMessage, { first, facts }: Told): number {
  const nowMs = Date.now();
  const told = [facts?.receivedAtMs, message.receivedAtMs].find(
    (atMs) => atMs !== undefined && isCredible(atMs, nowMs),
  );
  return told ?? receivedAtMs(first, nowMs) ?? nowMs;
}

/** As much as a small message has, and whether that is all; the rest is still to be read. */
async function gather(pieces: AsyncIterator<Uint8Array>): Promise<Omit<Read, 'hash'>> {
  const kept: Uint8Array[] = [];
  for (let octets = 0; octets < SMALL_BYTES;) {
    const next = await pieces.next();
    if (next.done === true) return { first: together(kept), isWhole: true };
    kept.push(next.value);
    octets += next.value.length;
  }
  return { first: together(kept), isWhole: false };
}

/** Most messages are one piece, which nobody changes. */
function together(pieces: readonly Uint8Array[]): Buffer {
  return pieces.length === 1 ? viewOf(pieces[0] as Uint8Array) : Buffer.concat(pieces);
}

function asRetrieved(octets: Buffer): Buffer {
  return octets.length === 0 || octets.at(-1) === LF ? octets : Buffer.concat([octets, CRLF_OCTETS]);
}

async function* chain(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield first;
  yield* rest;
}

/** What a message is known by that has a name where it comes from. */
export function keyOfName(name: string): Buffer {
  return hashAtOnce(HASH, name, 'buffer');
}

/** That one message cannot be read is no reason to leave the others out. */
function isUnreadable(error: unknown): error is Error {
  if (error instanceof StoreError || !(error instanceof Error)) return false;
  return error instanceof NoMail || ['ENOENT', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
}
