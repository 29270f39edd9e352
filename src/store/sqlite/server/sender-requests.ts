/**
 * What a process that sends asks over its connection: rows to be its own for a while, and what became of them. Each is answered
 * when it is durable. When its connection closes, another that lives takes over what it had; with none, the next that begins.
 */
import type { Buffer } from 'node:buffer';
import { StoreError } from '../../errors.js';
import { emptyFrame, FrameType, requireLength } from '../protocol/frames.js';
import type {
  BeginRequest,
  LeasedRequest,
  LeaseFrame,
  LeaseLateFrame,
  RestRequest,
  SettleRequest,
  TakeNewRequest,
} from '../protocol/queue-requests.js';
import type { Answers } from './answers.js';
import type { DamagedRows } from './damaged-rows.js';
import type { Write } from './group.js';
import type { NewMail } from './new-mail.js';
import type { Parked, QueueLeases } from './queue-leases.js';
import type { ServedStore } from './served-store.js';
import type { Writer } from './writer.js';

type Store = Pick<ServedStore, 'add' | 'read' | 'senders' | 'trouble'>;

/** What one row of an answer or of outcomes writes to the WAL, roughly. */
const ROW_BYTES = 512;

const DAMAGE = {
  parked: 'the database is damaged where a recipient of the queue or its message stands; it is parked as corrupt',
  passedOver: 'the database is damaged where a recipient of the queue stands; it is passed over',
} as const;

/** Nearly every message is settled before. */
const SENDING_MS = 50;

export class SenderRequests {
  readonly #store: Store;
  readonly #answers: Answers;
  #writing: NodeJS.Timeout | undefined;
  /** Where it takes new mail. */
  #newMail: NewMail | undefined;

  constructor(store: Store, answers: Answers) {
    this.#store = store;
    this.#answers = answers;
  }

  /** One that lived before this store did takes nothing from others, which may be about to say the same. */
  begin(request: number, { sender, again }: BeginRequest): void {
    this.#store.senders.begin(sender, this);
    if (again) return this.#answers.done(request);
    this.#store.add(this.#takingOver({ done: () => this.#answers.done(request), ...this.#failing(request) }));
  }

  /** @throws FrameError */
  watch(payload: Buffer): void {
    requireLength(payload, 0);
    this.#store.senders.watch(this, () => this.#answers.send(emptyFrame(FrameType.Due, 0)));
  }

  lease(request: number, frame: LeaseFrame): void {
    if (!this.#isOf(frame.sender)) return this.#answers.failed(request, formerConnection());
    const rows = frame.requests.reduce((sum, { recipients }) => sum + recipients, 0);
    this.#answering(request, rows, (writer) => writer.queue.leases.lease(frame));
  }

  leaseLate(request: number, frame: LeaseLateFrame): void {
    if (!this.#isOf(frame.sender)) return this.#answers.failed(request, formerConnection());
    this.#answering(request, frame.limit, (writer) => writer.queue.leases.leaseLate(frame));
  }

  takeNew(request: number, { sender, leaseMs }: TakeNewRequest): void {
    if (!this.#isOf(sender)) return this.#answers.failed(request, formerConnection());
    this.#newMail = this.#store.read((writer) => writer.queue.newMail);
    this.#newMail.take(this, { sender, leaseMs, give: (mail) => this.#answers.newMail(mail) });
    this.#answers.done(request);
  }

  /** @throws FrameError */
  leaveNew(request: number, payload: Buffer): void {
    requireLength(payload, 0);
    this.#newMail?.leave(this);
    this.#answers.done(request);
  }

  /** Written after a while, if that is not settled by then. Not worth a sync: what a power cut takes away ended no process. */
  sending(frame: LeasedRequest): void {
    this.#store.read((writer) => writer.queue.leases.sending(frame));
    this.#writing ??= setTimeout(() => {
      this.#writing = undefined;
      this.#store.add(writingSending());
    }, SENDING_MS);
  }

  returnAllBut(request: number, frame: LeasedRequest): void {
    this.#store.add({
      act: (writer) => writer.queue.leases.returnAllBut(frame),
      bytes: frame.ids.length * ROW_BYTES,
      done: () => this.#answers.done(request),
      ...this.#failing(request),
    });
  }

  settle(request: number, settles: SettleRequest): void {
    this.#store.add({
      act: (writer) => void writer.queue.leases.settle(settles),
      bytes: settles.settlements.length * ROW_BYTES,
      patient: true, // The sender goes on meanwhile.
      done: () => this.#answers.done(request),
      ...this.#failing(request),
    });
  }

  rest(request: number, rest: RestRequest): void {
    this.#store.add({
      act: (writer) => writer.queue.leases.rest(rest),
      bytes: ROW_BYTES,
      done: () => this.#answers.done(request),
      ...this.#failing(request),
    });
  }

  /** The connection is gone. */
  close(): void {
    clearTimeout(this.#writing);
    this.#newMail?.leave(this);
    const isTakenOver = this.#store.senders.end(this);
    if (isTakenOver) this.#store.add(this.#takingOver({ done: () => undefined, failed: () => undefined }));
  }

  /** By a connection that it has given up it leases nothing more: it would never hear of it. */
  #isOf(sender: string): boolean {
    return this.#store.senders.connectionOf(sender) === this;
  }

  #answering(request: number, rows: number, ask: (writer: Writer) => unknown): void {
    let answer: unknown;
    const damaged = this.#telling();
    this.#store.add({
      act: (writer) => {
        answer = ask(writer);
        damaged.act(writer);
      },
      bytes: rows * ROW_BYTES,
      done: () => {
        damaged.done();
        this.#answers.doneWith(request, answer);
      },
      ...this.#failing(request),
    });
  }

  /** Of what a write has found to be damaged: told when it is committed. */
  #telling(): Pick<Write, 'act' | 'done'> {
    let damaged: DamagedRows | undefined;
    return {
      act: ({ queue }) => void (damaged = queue.leases.damaged),
      done: () => {
        for (const { id, isParked } of damaged?.told() ?? [])
          this.#store.trouble(DAMAGE[isParked ? 'parked' : 'passedOver'], { queue: id });
      },
    };
  }

  #failing(request: number): Pick<Write, 'failed'> {
    return { failed: (error) => this.#answers.failed(request, error) };
  }

  #takingOver({ done, failed }: Pick<Write, 'done' | 'failed'>): Write {
    let parked: readonly Parked[] = [];
    const damaged = this.#telling();
    return {
      act: (writer) => {
        parked = writer.queue.leases.returnLeases(this.#store.senders.living);
        damaged.act(writer);
      },
      bytes: ROW_BYTES,
      done: () => {
        damaged.done();
        for (const one of parked)
          this.#store.trouble('the sender ended again while it sent a message, which is parked as corrupt', one);
        done();
      },
      failed,
    };
  }
}

function writingSending(): Write {
  let leases: QueueLeases | undefined;
  return {
    act: ({ queue }) => {
      leases = queue.leases;
      leases.writeSending();
    },
    done: () => leases?.sendingWritten(),
    ...{ failed: () => undefined, bytes: 0, deferrable: true },
  };
}

function formerConnection(): StoreError {
  return new StoreError('unavailable', 'this sender has another connection by now');
}
