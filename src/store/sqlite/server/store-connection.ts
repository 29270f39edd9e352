/**
 * One worker, supervisor or command, as the store sees it: reads its frames, queues their writes, answers after COMMIT.
 * Garbage closes the connection. Closing it frees its maildrops and drops its unfinished messages.
 */
import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { Concerned } from '../../open.js';
import { StoreError, type AccountId, type Renewal, type Use } from '../../store.js';
import type { Change } from '../protocol/change.js';
import {
  CHUNK_BYTES,
  emptyFrame,
  FrameError,
  FrameReader,
  FrameType,
  isHello,
  jsonFrame,
  UPLOAD_BYTES,
  type Frame,
} from '../protocol/frames.js';
import { FrameOutput } from '../protocol/frame-output.js';
import type { LockOwner } from './locks.js';
import { readPosting, type Posting } from '../protocol/posting.js';
import { Removals } from './removals.js';
import {
  readChange,
  readHolder,
  readLock,
  readRemove,
  readRenewal,
  readReport,
  readUnlock,
  readUse,
  type HolderAnswer,
  type LockRequest,
  type RemoveRequest,
  type UnlockRequest,
} from '../protocol/requests.js';
import type { StoreServer } from './store-server.js';
import type { PeerReport } from '../protocol/status.js';
import type { Posted, Writer } from './writer.js';

/** A message whose chunks are still coming, by the name its sender gave it. */
interface Upload {
  readonly body: number;
  chunks: number;
  octets: number;
  /** A chunk was not stored, so the message must not be either. */
  failed?: StoreError;
}

/** A process that connects says who it is within this, or is no process of ours. */
const HELLO_TIMEOUT_MS = 10_000;
/** Nobody waits longer for a maildrop than for this answer. */
const HOLDER_TIMEOUT_MS = 1_000;
/** Answers that the other side does not take: one that asks and never reads is broken. */
const OUTPUT_LIMIT_BYTES = 8 * 1024 * 1024;

/** What cannot be asked before the database is open. */
const WRITING: ReadonlySet<FrameType> = new Set([
  FrameType.Deliver,
  FrameType.Chunk,
  FrameType.Commit,
  FrameType.Remove,
  FrameType.Change,
  FrameType.Renew,
]);

export class StoreConnection implements LockOwner {
  readonly #store: StoreServer;
  readonly #socket: Socket;
  readonly #output: FrameOutput;
  readonly #reader = new FrameReader();
  readonly #uploads = new Map<number, Upload>();
  readonly #removals: Removals;
  #reporting: ((report: PeerReport | undefined) => void)[] = [];
  #hearing: (() => void)[] = [];
  /** Whether a holder is leaving, by the number of the question. */
  readonly #questions = new Map<number, (leaving: boolean) => void>();
  #lastQuestion = 0;
  /** Runs until the first frame has come. */
  #stranger: NodeJS.Timeout | undefined;
  #asksStatus = false;

  constructor(socket: Socket, store: StoreServer, gone: (error?: Error) => void) {
    this.#store = store;
    this.#socket = socket;
    this.#output = new FrameOutput(socket);
    this.#removals = new Removals(store);
    this.#stranger = setTimeout(
      () => socket.destroy(new FrameError('a connection that says nothing')),
      HELLO_TIMEOUT_MS,
    );
    let broken: Error | undefined;
    store.reads.begin(socket, (bytes) => this.#read(bytes));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') broken = error;
    });
    socket.on('close', () => {
      this.#end();
      gone(broken);
    });
  }

  /** Undefined when the other side has nothing to say in time. */
  report(timeoutMs: number): Promise<PeerReport | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(undefined), timeoutMs);
      this.#reporting.push((report) => {
        clearTimeout(timer);
        resolve(report);
      });
      this.#output.send(emptyFrame(FrameType.ReportWanted, 0));
    });
  }

  /** Resolves when the other side has forgotten the old directory and ended whose login does not stand; one that does not answer in time is cut off, and so forgets. */
  changed(concerned: Concerned, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#socket.destroy(), timeoutMs);
      this.#hearing.push(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#output.send(jsonFrame(FrameType.Changed, 0, { concerned }));
    });
  }

  /** What is not known in time counts as leaving: whoever waits for that has its own deadline. */
  isLeaving(lock: number): Promise<boolean> {
    const question = ++this.#lastQuestion;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#holderAnswered({ question, leaving: true }), HOLDER_TIMEOUT_MS);
      this.#questions.set(question, (leaving) => {
        clearTimeout(timer);
        resolve(leaving);
      });
      this.#output.send(jsonFrame(FrameType.HolderWanted, 0, { question, lock }));
    });
  }

  /** Sends what was answered. */
  flush(): void {
    this.#output.flush();
  }

  /** Sends what was answered, then closes. */
  close(): void {
    this.flush();
    this.#socket.destroySoon();
  }

  #read(bytes: Buffer): void {
    try {
      this.#reader.push(bytes, (frame) => this.#receive(frame));
      this.#store.requireRoom(this, this.#reader.waitingBytes);
      if (this.#output.waitingBytes > OUTPUT_LIMIT_BYTES) throw new FrameError('answers that nobody reads');
    } catch (error) {
      this.#socket.destroy(error as Error);
    }
  }

  #receive(frame: Frame): void {
    if (this.#socket.destroyed) return;
    if (this.#stranger === undefined) return this.#handle(frame);
    if (!isHello(frame)) throw new FrameError('a connection that does not say who it is');
    clearTimeout(this.#stranger);
    this.#stranger = undefined;
    this.#output.send(emptyFrame(FrameType.Welcome, 0)); // From here on it hears of every change.
  }

  #handle(frame: Frame): void {
    const { type, request, payload } = frame;
    const { refusal } = this.#store;
    if (refusal !== undefined && WRITING.has(type)) return this.#fail(request, refusal);
    switch (type) {
      case FrameType.Deliver:
        return this.#deliver(request, payload);
      case FrameType.Chunk:
        return this.#chunk(request, payload);
      case FrameType.Commit:
        return this.#commit(request, payload);
      case FrameType.Abort:
        return this.#abort(payload);
      case FrameType.Lock:
        return this.#lock(request, readLock(payload));
      case FrameType.Unlock:
        return this.#unlock(request, readUnlock(payload));
      case FrameType.Remove:
        return this.#remove(request, readRemove(payload));
      case FrameType.Change:
        return this.#change(request, readChange(payload));
      case FrameType.Heard:
        return this.#heardChange(payload);
      case FrameType.Holder:
        return this.#holderAnswered(readHolder(payload));
      case FrameType.Status:
        return this.#status(request, payload);
      case FrameType.Report:
        return this.#report(readReport(payload));
      case FrameType.Use:
        return this.#use(readUse(payload));
      case FrameType.Renew:
        return this.#renew(request, readRenewal(payload));
      default:
        throw new FrameError(`a frame of type ${type}`);
    }
  }

  #deliver(request: number, payload: Buffer): void {
    const { posting, body } = readPosting(payload);
    if (body.length > CHUNK_BYTES || body.length !== posting.octets)
      throw new FrameError('a message that is not as long as it should be');
    const id = this.#store.writer.nextBody();
    let posted: Posted = [];
    this.#store.add({
      act: (writer) => void (posted = writer.post(id, posting, body)),
      bytes: body.length,
      done: () => this.#posted(request, posting, posted),
      failed: (error) => this.#fail(request, error),
    });
  }

  #chunk(request: number, payload: Buffer): void {
    const name = payload.readUInt32BE(0);
    const upload: Upload = this.#uploads.get(name) ?? { body: this.#store.writer.nextBody(), chunks: 0, octets: 0 };
    this.#uploads.set(name, upload);
    const { body } = upload;
    const seq = upload.chunks++;
    const octets = payload.subarray(UPLOAD_BYTES);
    if (octets.length === 0 || octets.length > CHUNK_BYTES) throw new FrameError(`a chunk of ${octets.length} octets`);
    upload.octets += octets.length;
    this.#store.add({
      act: (writer) => {
        requireWhole(upload);
        writer.chunk(body, seq, octets);
      },
      bytes: octets.length,
      fleeting: true, // The message's end is what is promised.
      done: () => {
        this.#reader.takeBack(payload);
        this.#output.send(emptyFrame(FrameType.Done, request));
      },
      failed: (error) => {
        upload.failed = error;
        this.#fail(request, error);
      },
    });
  }

  #commit(request: number, payload: Buffer): void {
    const name = payload.readUInt32BE(0);
    const upload = this.#uploads.get(name);
    if (upload === undefined) return this.#fail(request, new StoreError('unavailable', 'there is no such upload'));
    this.#uploads.delete(name);
    const { posting, body } = readPosting(payload.subarray(UPLOAD_BYTES));
    if (body.length > 0) throw new FrameError('a frame goes on after its end');
    if (posting.octets !== upload.octets) return this.#tear(request, upload);
    let posted: Posted = [];
    this.#store.add({
      act: (writer) => {
        requireWhole(upload); // Known only now: the commit may have come right behind the chunk that failed.
        posted = writer.finish(upload.body, posting);
      },
      bytes: 0,
      done: () => this.#posted(request, posting, posted),
      failed: (error) => {
        this.#drop(upload); // Its chunks were committed before it.
        this.#fail(request, error);
      },
    });
  }

  /** Never stored: a message of which some octets are missing. */
  #tear(request: number, upload: Upload): void {
    this.#drop(upload);
    this.#fail(request, new StoreError('unavailable', 'octets of the message are missing'));
  }

  #abort(payload: Buffer): void {
    requireLength(payload, UPLOAD_BYTES);
    const name = payload.readUInt32BE(0);
    const upload = this.#uploads.get(name);
    this.#uploads.delete(name);
    if (upload !== undefined) this.#drop(upload);
  }

  #lock(request: number, { account, from }: LockRequest): void {
    const lost = this.#store.lost();
    if (lost !== undefined) return this.#fail(request, lost);
    this.#store.locks.claim(account, {
      ...{ owner: this, lock: request, from },
      taken: (sinceMs) => {
        this.#store.logins.note(account, sinceMs);
        this.#output.send(emptyFrame(FrameType.Done, request));
      },
      refused: (holder) => this.#fail(request, new StoreError('in-use', 'the maildrop is open', { holder })),
    });
  }

  /** One that comes too late is nobody's any more. */
  #holderAnswered({ question, leaving }: HolderAnswer): void {
    const answered = this.#questions.get(question);
    this.#questions.delete(question);
    answered?.(leaving);
  }

  #unlock(request: number, { account, lock }: UnlockRequest): void {
    this.#store.locks.release(account, { owner: this, lock });
    this.#removals.drop(lock);
    this.#output.send(emptyFrame(FrameType.Done, request));
  }

  #remove(request: number, remove: RemoveRequest): void {
    const { account, lock } = remove;
    if (!this.#store.locks.isHeldBy(account, { owner: this, lock }))
      return this.#fail(request, new StoreError('unavailable', 'the lock of the maildrop was lost'));
    this.#removals.take(remove).then(
      () => this.#output.send(emptyFrame(FrameType.Done, request)),
      (error: unknown) =>
        error instanceof StoreError ? this.#fail(request, error) : this.#socket.destroy(error as Error),
    );
  }

  #change(request: number, change: Change): void {
    let concerned: AccountId | undefined;
    const answer = (): void => this.#output.send(emptyFrame(FrameType.Done, request));
    this.#store.add({
      act: (writer) => void (concerned = writer.change(change)),
      bytes: 0,
      done: () => void this.#store.tellChanged(concerned ?? 'nobody').then(answer),
      failed: (error) => this.#fail(request, error),
    });
  }

  #heardChange(payload: Buffer): void {
    requireLength(payload, 0);
    const heard = this.#hearing.shift();
    if (heard === undefined) throw new FrameError('an answer to what was not said');
    heard();
  }

  #use(use: Use): void {
    const atMs = Date.now();
    if (!this.#store.uses.isDue(use, atMs)) return;
    this.#store.add({
      act: (writer) => writer.used(use, atMs),
      done: nothing,
      failed: nothing,
      bytes: 0,
      fleeting: true,
    });
  }

  #renew(request: number, renewal: Renewal): void {
    this.#write(request, (writer) => writer.renew(renewal));
  }

  #report(report: PeerReport | undefined): void {
    for (const told of this.#reporting.splice(0)) told(report);
  }

  #status(request: number, payload: Buffer): void {
    requireLength(payload, 0);
    if (this.#asksStatus) return this.#fail(request, new StoreError('busy', 'the status is being gathered'));
    this.#asksStatus = true;
    void this.#store
      .status(this)
      .then((status) => this.#output.send(jsonFrame(FrameType.Done, request, status)))
      .catch((error: unknown) => this.#socket.destroy(error as Error))
      .finally(() => (this.#asksStatus = false));
  }

  /** A message that is over every quota was not written: no other write of its group had to be taken back for it. */
  #posted(request: number, { summary }: Posting, leftOut: Posted): void {
    if (typeof leftOut === 'string')
      return this.#fail(request, new StoreError(leftOut, 'a mailbox would be above its quota'));
    this.#store.countAccepted();
    if (summary.decodes) this.#store.undecoded();
    this.#output.send(
      leftOut.length === 0 ? emptyFrame(FrameType.Done, request) : jsonFrame(FrameType.Done, request, leftOut),
    );
  }

  #write(request: number, act: (writer: Writer) => void): void {
    this.#store.add({
      act,
      bytes: 0,
      done: () => this.#output.send(emptyFrame(FrameType.Done, request)),
      failed: (error) => this.#fail(request, error),
    });
  }

  #fail(request: number, { kind, message, holder }: StoreError): void {
    this.#output.send(jsonFrame(FrameType.Failed, request, { kind, message, holder }));
  }

  #drop({ body, octets }: Upload): void {
    this.#store.add({
      act: (writer) => writer.drop(body, octets),
      done: nothing,
      failed: nothing,
      bytes: 0,
      fleeting: true,
    });
  }

  #end(): void {
    clearTimeout(this.#stranger);
    for (const heard of this.#hearing.splice(0)) heard();
    this.#report(undefined); // Nobody need wait for what it would have said.
    for (const question of [...this.#questions.keys()]) this.#holderAnswered({ question, leaving: true });
    this.#store.locks.releaseAll(this);
    this.#removals.close();
    for (const upload of this.#uploads.values()) this.#drop(upload);
    this.#uploads.clear();
  }
}

function requireLength({ length }: Buffer, wanted: number): void {
  if (length !== wanted) throw new FrameError(`${length} bytes where ${wanted} are meant`);
}

function requireWhole({ failed }: Upload): void {
  if (failed !== undefined) throw failed;
}

/** Nobody waits for it: what is lost is swept at the next start, and a failure is told by the group's observer. */
function nothing(): void {}
