/**
 * A message on its way to the store. A small one travels in one frame at its commit, so that it costs one write and
 * no promise per piece; a larger one goes in chunks as it arrives, so that memory is a chunk and not the message.
 */
import { Buffer } from 'node:buffer';
import { StoreError, type Delivery, type Envelope, type EnvelopeRecipient } from '../store.js';
import { CHUNK_BYTES, FrameType, readJson, uploadHeader } from './frames.js';
import { commitFrame, deliverFrame, type Posting } from './posting.js';
import type { StoreClient } from './store-client.js';
import { summarize, type Summary } from './summary.js';

/** Chunks of a message that may wait for their commit before the client is made to wait. */
const CHUNKS_UNDER_WAY = 4;
/** Of all messages of a process together: above it, each has one chunk under way, so that many senders cost no memory. */
const BUDGET_BYTES = 4 * 1024 * 1024;
const LF = 10;
/** Nobody was left out. */
const EVERYBODY: readonly EnvelopeRecipient[] = [];

/** How much of all large messages is on its way from this process to the store. */
export class UploadBudget {
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
  #pieces: Uint8Array[] = [];
  #piecesBytes = 0;
  #octets = 0;
  #lastByte = LF;
  #upload: Upload | undefined;
  #over = false;

  constructor(client: StoreClient, budget: UploadBudget, envelope: Envelope) {
    this.#client = client;
    this.#budget = budget;
    this.#envelope = envelope;
  }

  write(piece: Uint8Array): void | Promise<void> {
    if (this.#over || piece.length === 0) return;
    this.#pieces.push(piece);
    this.#piecesBytes += piece.length;
    this.#octets += piece.length;
    this.#lastByte = piece[piece.length - 1] as number;
    if (this.#piecesBytes >= CHUNK_BYTES) return this.#sendChunks();
  }

  commit(): Promise<readonly EnvelopeRecipient[]> {
    this.#over = true;
    const upload = this.#upload;
    const answered =
      upload === undefined
        ? this.#post()
        : upload.commit(this.#posting(upload.summary), this.#takeAll(), this.#piecesBytes);
    return answered.then((answer) =>
      answer.length === 0 ? EVERYBODY : this.#placed(readJson(answer) as readonly number[]),
    );
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#pieces = [];
    this.#upload?.abort();
  }

  #placed(places: readonly number[]): readonly EnvelopeRecipient[] {
    return this.#envelope.recipients.filter((_, place) => places.includes(place));
  }

  #post(): Promise<Buffer> {
    const body = this.#pieces;
    const first = body.length === 1 ? asBuffer(body[0] as Uint8Array) : Buffer.concat(body, this.#piecesBytes);
    const request = this.#client.nextRequest();
    return this.#client.ask(request, deliverFrame(request, this.#posting(summarize(first)), first));
  }

  #sendChunks(): Promise<void> {
    let upload = this.#upload;
    while (this.#piecesBytes >= CHUNK_BYTES) {
      const chunk = this.#takeChunk();
      upload ??= new Upload(this.#client, this.#budget, summarize(Buffer.concat(chunk, CHUNK_BYTES)));
      upload.send(chunk, CHUNK_BYTES);
    }
    this.#upload = upload;
    return upload?.room() ?? Promise.resolve();
  }

  /** A chunk's worth of what waits, uncopied; the last piece of it may be cut. */
  #takeChunk(): Buffer[] {
    const chunk: Buffer[] = [];
    let missing = CHUNK_BYTES;
    let taken = 0;
    for (; missing > 0; taken++) {
      const piece = asBuffer(this.#pieces[taken] as Uint8Array).subarray(0, missing);
      chunk.push(piece);
      missing -= piece.length;
    }
    const last = this.#pieces[taken - 1] as Uint8Array;
    const rest = last.subarray((chunk.at(-1) as Buffer).length);
    this.#pieces = [...(rest.length === 0 ? [] : [rest]), ...this.#pieces.slice(taken)];
    this.#piecesBytes -= CHUNK_BYTES;
    return chunk;
  }

  #takeAll(): Buffer[] {
    const all = this.#pieces.map(asBuffer);
    this.#pieces = [];
    return all;
  }

  #posting(summary: Summary): Posting {
    return { envelope: this.#envelope, summary, octets: this.#octets, unterminated: this.#lastByte !== LF };
  }
}

/** A large message's chunks, with a bound on how many are under way. */
class Upload {
  readonly summary: Summary;
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

  send(pieces: readonly Buffer[], length: number): void {
    if (this.#error !== undefined) return; // The message is lost already; its end will say so.
    const request = this.#client.nextRequest();
    this.#underWay += 1;
    this.#budget.add(length);
    this.#ask(request, uploadHeader(FrameType.Chunk, request, this.#name, length), ...pieces).then(
      () => this.#settled(length),
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
  async commit(posting: Posting, rest: readonly Buffer[], restBytes: number): Promise<Buffer> {
    if (restBytes > 0) this.send(rest, restBytes);
    this.#throwIfLost();
    const request = this.#client.nextRequest();
    const answer = await this.#ask(request, commitFrame(request, this.#name, posting));
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

function asBuffer(piece: Uint8Array): Buffer {
  return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}
