/**
 * A message on its way to the store. A small one travels in one frame at its commit, so that it costs one write and
 * no promise per piece; a larger one goes in chunks as it arrives, so that memory is a chunk and not the message.
 */
import { Buffer } from 'node:buffer';
import { createHash, hash } from 'node:crypto';
import { LF } from '../../../bytes/line-ends.js';
import type { Delivery, Envelope } from '../../deliveries.js';
import { StoreError } from '../../errors.js';
import { CHUNK_BYTES, FrameType, readJson, uploadHeader } from '../protocol/frames.js';
import { commitFrame, deliverFrame, type MessageMetadata } from '../protocol/message-frame.js';
import { BufferPool } from '../protocol/buffer-pool.js';
import { settlementForFrame } from './settlements.js';
import type { StoreClient } from './store-client.js';
import { summarize, type Summary } from '../../../message/summary.js';

/** Chunks of a message that may wait for their commit before the client is made to wait. */
const CHUNKS_UNDER_WAY = 4;
/** Of all messages of a process together: above it, each has one chunk under way, so that many senders cost no memory. */
const BUDGET_BYTES = 4 * 1024 * 1024;
/** Room for most messages that people write; a larger one moves to twice the room as it comes. */
const SMALL_BYTES = 8 * 1024;
const NOTHING = Buffer.alloc(0);
const HASH = 'sha256';
/** Nobody was left out. */
const EVERYBODY: readonly number[] = [];

/** From one to the next: each twice the one before. */
const ROOMS: readonly number[] = doubled(SMALL_BYTES, CHUNK_BYTES);

/** How much of all large messages is on its way from this process to the store, and the memory that all messages take turns in. */
export class UploadBudget {
  readonly memory = new BufferPool(ROOMS);
  #bytes = 0;

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  get isSpent(): boolean {
    return this.#bytes > BUDGET_BYTES;
  }
}

export class SocketDelivery implements Delivery {
  readonly #client: StoreClient;
  readonly #budget: UploadBudget;
  readonly #envelope: Envelope;
  readonly #gathered: Gathered;
  #octets = 0;
  #lastByte = LF;
  #upload: Upload | undefined;
  #over = false;

  constructor(client: StoreClient, budget: UploadBudget, envelope: Envelope) {
    this.#client = client;
    this.#budget = budget;
    this.#envelope = envelope;
    this.#gathered = new Gathered(budget.memory);
  }

  write(piece: Uint8Array): void | Promise<void> {
    if (this.#over || piece.length === 0) return;
    this.#octets += piece.length;
    this.#lastByte = piece[piece.length - 1] as number;
    let sent: Upload | undefined;
    for (let taken = 0; taken < piece.length;) {
      taken += this.#gathered.add(piece, taken);
      if (this.#gathered.isFull) sent = this.#send();
    }
    return sent?.room();
  }

  commit(): Promise<readonly number[]> {
    this.#over = true;
    const upload = this.#upload;
    const rest = this.#gathered.take();
    const answered = upload === undefined ? this.#post(rest) : this.#finish(upload, rest);
    return answered.then((answer) => (answer.length === 0 ? EVERYBODY : (readJson(answer) as readonly number[])));
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#budget.memory.takeBack(this.#gathered.take());
    this.#upload?.abort();
  }

  #post(body: Buffer): Promise<Buffer> {
    const request = this.#client.nextRequest();
    const metadata = this.#metadata(summarize(body), hash(HASH, body, 'buffer'));
    const frame = deliverFrame(request, metadata, body, (bytes) => this.#client.room(bytes));
    this.#budget.memory.takeBack(body);
    return this.#client.ask(request, frame);
  }

  #finish(upload: Upload, rest: Buffer): Promise<Buffer> {
    if (rest.length > 0) upload.send(rest);
    return upload.commit(this.#metadata(upload.summary, upload.hash.digest()));
  }

  #send(): Upload {
    const chunk = this.#gathered.take();
    this.#upload ??= new Upload(this.#client, this.#budget, summarize(chunk));
    this.#upload.send(chunk);
    return this.#upload;
  }

  #metadata(summary: Summary, sha256: Uint8Array): MessageMetadata {
    const envelope = this.#envelope;
    const settles = envelope.settles && {
      sender: this.#client.sender.nameIfAny ?? '',
      settlements: envelope.settles.map(settlementForFrame),
    };
    return { envelope, settles, summary, octets: this.#octets, hash: sha256, unterminated: this.#lastByte !== LF };
  }
}

/** What came of a message and did not leave yet, in one piece, up to a chunk: however it came, it takes no more memory. */
class Gathered {
  readonly #memory: BufferPool;
  #bytes: Buffer = NOTHING;
  #length = 0;
  #capacity = SMALL_BYTES;

  constructor(memory: BufferPool) {
    this.#memory = memory;
  }

  get isFull(): boolean {
    return this.#length === CHUNK_BYTES;
  }

  /** Copies what comes at `from`, as much as there is room for in the chunk; returns how much. */
  add(piece: Uint8Array, from: number): number {
    const count = Math.min(piece.length - from, CHUNK_BYTES - this.#length);
    if (this.#length + count > this.#bytes.length) this.#grow(this.#length + count);
    this.#bytes.set(count === piece.length ? piece : piece.subarray(from, from + count), this.#length);
    this.#length += count;
    return count;
  }

  /** What there is; it begins anew. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#bytes = NOTHING;
    this.#length = 0;
    return bytes;
  }

  #grow(wanted: number): void {
    while (this.#capacity < wanted) this.#capacity = Math.min(2 * this.#capacity, CHUNK_BYTES);
    const bytes = this.#memory.lend(this.#capacity);
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#memory.takeBack(this.#bytes);
    this.#bytes = bytes;
    this.#capacity = Math.min(2 * this.#capacity, CHUNK_BYTES);
  }
}

/** A large message's chunks, with a bound on how many are under way. */
class Upload {
  readonly summary: Summary;
  /** Of what was sent. */
  readonly hash = createHash(HASH);
  readonly #client: StoreClient;
  readonly #budget: UploadBudget;
  readonly #connection: number;
  readonly #name: number;
  #underWay = 0;
  #error: unknown;
  #roomWanted: (() => void) | undefined;

  constructor(client: StoreClient, budget: UploadBudget, summary: Summary) {
    this.#client = client;
    this.#budget = budget;
    this.summary = summary;
    this.#connection = client.connection;
    this.#name = client.nextRequest();
  }

  send(chunk: Buffer): void {
    if (this.#error !== undefined) return; // The message is lost already; its end will say so.
    const { length } = chunk;
    this.hash.update(chunk);
    const request = this.#client.nextRequest();
    this.#underWay += 1;
    this.#budget.add(length);
    this.#ask(request, uploadHeader(FrameType.Chunk, request, this.#name, length), chunk).then(
      () => {
        this.#budget.memory.takeBack(chunk); // It was answered, so it was sent.
        this.#settled(length);
      },
      (error: unknown) => this.#settled(length, error),
    );
  }

  /** Resolves when there is room for the next chunk. @throws StoreError */
  async room(): Promise<void> {
    const limit = this.#budget.isSpent ? 1 : CHUNKS_UNDER_WAY;
    if (this.#underWay >= limit) await new Promise<void>((resolve) => (this.#roomWanted = resolve));
    this.#throwIfLost();
  }

  /** @throws StoreError */
  async commit(metadata: MessageMetadata): Promise<Buffer> {
    this.#throwIfLost();
    const request = this.#client.nextRequest();
    const answer = await this.#ask(request, commitFrame(request, this.#name, metadata));
    this.#throwIfLost();
    return answer;
  }

  abort(): void {
    this.#client.tell(uploadHeader(FrameType.Abort, 0, this.#name, 0));
  }

  /** Chunks that an earlier store process took are gone with it: none may be added to what they began. */
  #ask(request: number, ...frames: readonly Buffer[]): Promise<Buffer> {
    if (this.#client.connection === this.#connection) return this.#client.ask(request, ...frames);
    return Promise.reject(new StoreError('unavailable', 'the store went away while the message arrived'));
  }

  #throwIfLost(): void {
    if (this.#error !== undefined) throw this.#error as Error;
  }

  #settled(octets: number, error?: unknown): void {
    this.#underWay -= 1;
    this.#budget.add(-octets);
    this.#error ??= error;
    this.#roomWanted?.();
    this.#roomWanted = undefined;
  }
}

function doubled(first: number, last: number): readonly number[] {
  return first > last ? [] : [first, ...doubled(2 * first, last)];
}
