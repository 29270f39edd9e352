/**
 * A process's connection to the store: requests and their answers, what the store asks, and the store's coming and
 * going. While it is away every request is refused at once with 'unavailable', and the connection is
 * tried again until it is back.
 */
import { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import type { Concerned } from '../../driver.js';
import { StoreError, type HolderSince, type StoreErrorKind } from '../../errors.js';
import type { MaybePromise } from '../../shapes.js';
import {
  emptyFrame,
  FRAME_LIMIT_BYTES,
  FrameReader,
  FrameType,
  helloFrame,
  jsonFrame,
  readJson,
  type Frame,
} from '../protocol/frames.js';
import type { Change, ChangeName, Changes } from '../protocol/change.js';
import { FrameOutput } from '../protocol/frame-output.js';
import { OpenRequests } from '../../../runtime/open-requests.js';
import { reach } from '../../../runtime/socket-address.js';
import { SenderSession } from './sender-session.js';

interface Waiting {
  readonly sinceMs: number;
  resolve(payload: Buffer): void;
  reject(error: StoreError): void;
}

export interface StoreClientOptions {
  /** The store went away; every maildrop held through it may be somebody else's now. */
  readonly lost?: () => void;
  /** An attempt to connect found nobody. */
  readonly missed?: () => void;
  readonly found?: () => void;
  /** Whether the session that took this lock gives it up by itself; another wants the maildrop. */
  readonly isLeaving?: (lock: number) => MaybePromise<boolean>;
  /** Somebody changed the directory, or may have while no store was there; answered when it resolves. */
  readonly changed?: (concerned: Concerned) => MaybePromise<void>;
}

const READ_BYTES = 64 * 1024;
const RETRY_MS = 50;
const REQUEST_LIMIT = 0xffffffff;

export class StoreClient {
  /** What this process is when it sends. */
  readonly sender = new SenderSession();
  readonly #path: () => string;
  readonly #options: StoreClientOptions;
  readonly #waiting = new OpenRequests<Waiting>();
  /** What is read from the store stands here until it is handled, which is at once. */
  readonly #read = Buffer.allocUnsafeSlow(READ_BYTES);
  #socket: Socket | undefined;
  #output: FrameOutput | undefined;
  #connections = 0;
  #lastRequest = 0;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  /** `path` is asked at each attempt: another store may listen elsewhere, when links on the way have changed. */
  constructor(path: () => string, options: StoreClientOptions = {}) {
    this.#path = path;
    this.#options = options;
  }

  /** Resolves when connected; rejects with 'unavailable' when nobody listens. Only the first attempt is reported. */
  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const reader = new FrameReader();
      const onread = { buffer: this.#read, callback: (count: number) => this.#receive(socket, reader, count) };
      const address = reach(this.#path());
      const socket: Socket = connect({ path: address.path, onread });
      socket.once('connect', () => {
        address.release();
        this.#adopt(socket);
        resolve();
      });
      socket.once('error', (error) => {
        address.release();
        reject(new StoreError('unavailable', 'no store answers', { cause: error }));
      });
    });
  }

  /** For a process that outlives the store: connects now or as soon as it can, and again whenever it must. */
  stayConnected(): void {
    this.connect().catch(() => {
      this.#options.missed?.();
      this.#retryLater();
    });
  }

  /** Counts the stores that this client has been connected to: what one of them began, another does not know. */
  get connection(): number {
    return this.#connections;
  }

  /** How long the request that waits longest has waited. */
  get lagMs(): number {
    const { oldest } = this.#waiting;
    return oldest === undefined ? 0 : performance.now() - oldest.sinceMs;
  }

  get isAway(): boolean {
    return this.#output === undefined;
  }

  /** A number that no open request has; requests and uploads are named by it. */
  nextRequest(): number {
    this.#lastRequest = this.#lastRequest === REQUEST_LIMIT ? 1 : this.#lastRequest + 1;
    return this.#lastRequest;
  }

  /** Where the next frame may be built; nothing else may be sent in between. */
  room(bytes: number): Buffer {
    return this.#output?.room(bytes) ?? Buffer.allocUnsafe(bytes);
  }

  /** Sends frames of which the last carries `request`, and waits for its answer. @throws StoreError */
  ask(request: number, ...frames: readonly Buffer[]): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#output === undefined) return reject(away());
      // The store would close the connection, and with it every other session's.
      if (frames.some(({ length }) => length > FRAME_LIMIT_BYTES))
        return reject(new StoreError('refused', 'it is too large for the store'));
      this.#waiting.add(request, { sinceMs: performance.now(), resolve, reject });
      this.#output.send(...frames);
    });
  }

  /** @throws StoreError */
  async askJson(type: FrameType, value?: unknown): Promise<unknown> {
    const request = this.nextRequest();
    const frame = value === undefined ? emptyFrame(type, request) : jsonFrame(type, request, value);
    return readJson(await this.ask(request, frame));
  }

  /** A change by administration: what it answers is a number, or nothing. @throws StoreError */
  change<Name extends ChangeName>(change: Name, ...given: Parameters<Changes[Name]>): Promise<unknown> {
    return this.askJson(FrameType.Change, { change, given } satisfies Change<Name>);
  }

  /** Sends what needs no answer; lost when the store is away, and so is what it was about. */
  tell(frame: Buffer): void {
    this.#output?.send(frame);
  }

  /** Before this process does anything else: the store hears of it whatever that leads to. */
  tellNow(frame: Buffer): void {
    this.#output?.send(frame);
    this.#output?.flush();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#output?.flush();
    this.#socket?.end();
  }

  #adopt(socket: Socket): void {
    this.#socket = socket;
    this.#connections += 1;
    this.#output = new FrameOutput(socket);
    this.#output.send(helloFrame(), ...this.sender.greeting());
    socket.removeAllListeners('error');
    socket.on('error', () => socket.destroy()); // 'close' follows and tells everybody who waits.
    socket.on('close', () => this.#lost());
    this.#options.found?.();
  }

  /** Always true: reading goes on. */
  #receive(socket: Socket, reader: FrameReader, count: number): boolean {
    try {
      reader.push(this.#read.subarray(0, count), (frame) => this.#handle(frame));
    } catch (error) {
      socket.destroy(error as Error); // Not the store that this process knows how to talk to.
    }
    return true;
  }

  #handle({ type, request, payload }: Frame): void {
    if (type === FrameType.Welcome) return void this.#options.changed?.('anybody');
    if (type === FrameType.Changed) return void this.#changed(payload);
    if (type === FrameType.Due) return this.sender.due();
    if (type === FrameType.NewMail) return this.sender.given(payload);
    if (type === FrameType.HolderWanted) return void this.#holderWanted(payload);
    const waiting = this.#waiting.take(request);
    if (type === FrameType.Done) waiting?.resolve(payload);
    else waiting?.reject(storeError(readJson(payload)));
  }

  async #changed(payload: Buffer): Promise<void> {
    const { concerned } = readJson(payload) as { readonly concerned: Concerned };
    const connection = this.#connections;
    await this.#options.changed?.(concerned);
    if (connection === this.#connections) this.tell(emptyFrame(FrameType.Heard, 0));
  }

  async #holderWanted(payload: Buffer): Promise<void> {
    const { question, lock } = readJson(payload) as { readonly question: number; readonly lock: number };
    const connection = this.#connections;
    const leaving = (await this.#options.isLeaving?.(lock)) ?? false;
    if (connection === this.#connections) this.tell(jsonFrame(FrameType.Holder, 0, { question, leaving }));
  }

  #lost(): void {
    this.#socket = undefined;
    this.#output = undefined;
    for (const request of this.#waiting.takeAll()) request.reject(away());
    this.sender.lost();
    this.#options.lost?.();
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => this.stayConnected(), RETRY_MS);
  }
}

function away(): StoreError {
  return new StoreError('unavailable', 'the store is away');
}

function storeError(value: unknown): StoreError {
  const { kind, message, holder } = value as { kind: StoreErrorKind; message: string; holder?: HolderSince };
  return new StoreError(kind, message, holder === undefined ? {} : { holder });
}
