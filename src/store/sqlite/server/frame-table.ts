/** What the store takes: a row for each type of frame that may follow Hello. */
import type { Buffer } from 'node:buffer';
import { FrameType } from '../protocol/frames.js';
import {
  readHolder,
  readLock,
  readRefused,
  readRemove,
  readRenewal,
  readUnlock,
  readUse,
} from '../protocol/requests.js';
import {
  readBegin,
  readLease,
  readLeased,
  readLeaseLate,
  readRest,
  readSettle,
  readTakeNew,
} from '../protocol/queue-requests.js';
import { readChange } from './change-table.js';
import { readHistory } from '../protocol/history.js';
import type { ClientRequests } from './client-requests.js';
import type { Questions } from './questions.js';
import type { SenderRequests } from './sender-requests.js';
import type { Uploads } from './uploads.js';

export interface FrameTakers {
  readonly uploads: Uploads;
  readonly requests: ClientRequests;
  readonly sender: SenderRequests;
  readonly questions: Questions;
}

export interface FrameRow {
  /** Cannot be asked before the database is open. */
  readonly writes?: true;
  /**
   * It has texts of other people's. Where one of them is of a shape that is not taken, by a mistake of ours, that request fails:
   * whoever wrote the text must not end what others have under way on the connection.
   */
  readonly carriesMail?: true;
  /** @throws FrameError for a payload that is not what it should be */
  take(to: FrameTakers, request: number, payload: Buffer): void;
}

export const frames: ReadonlyMap<FrameType, FrameRow> = new Map<FrameType, FrameRow>([
  [
    FrameType.Deliver,
    { writes: true, carriesMail: true, take: ({ uploads }, request, payload) => uploads.deliver(request, payload) },
  ],
  [FrameType.Chunk, { writes: true, take: ({ uploads }, request, payload) => uploads.chunk(request, payload) }],
  [
    FrameType.Commit,
    { writes: true, carriesMail: true, take: ({ uploads }, request, payload) => uploads.commit(request, payload) },
  ],
  [FrameType.Abort, { take: ({ uploads }, _, payload) => uploads.abort(payload) }],
  [FrameType.Lock, { take: ({ requests }, request, payload) => requests.lock(request, readLock(payload)) }],
  [FrameType.Unlock, { take: ({ requests }, request, payload) => requests.unlock(request, readUnlock(payload)) }],
  [
    FrameType.Remove,
    { writes: true, take: ({ requests }, request, payload) => requests.remove(request, readRemove(payload)) },
  ],
  [
    FrameType.Change,
    { writes: true, take: ({ requests }, request, payload) => requests.change(request, readChange(payload)) },
  ],
  [
    FrameType.Renew,
    { writes: true, take: ({ requests }, request, payload) => requests.renew(request, readRenewal(payload)) },
  ],
  [FrameType.Begin, { take: ({ sender }, request, payload) => sender.begin(request, readBegin(payload)) }],
  [FrameType.Watch, { take: ({ sender }, _, payload) => sender.watch(payload) }],
  [
    FrameType.Lease,
    { writes: true, take: ({ sender }, request, payload) => sender.lease(request, readLease(payload)) },
  ],
  [
    FrameType.LeaseLate,
    { writes: true, take: ({ sender }, request, payload) => sender.leaseLate(request, readLeaseLate(payload)) },
  ],
  [
    FrameType.TakeNew,
    { writes: true, take: ({ sender }, request, payload) => sender.takeNew(request, readTakeNew(payload)) },
  ],
  [FrameType.LeaveNew, { take: ({ sender }, request, payload) => sender.leaveNew(request, payload) }],
  [FrameType.Sending, { writes: true, take: ({ sender }, _, payload) => sender.sending(readLeased(payload)) }],
  [
    FrameType.ReturnAllBut,
    { writes: true, take: ({ sender }, request, payload) => sender.returnAllBut(request, readLeased(payload)) },
  ],
  [
    FrameType.Settle,
    {
      writes: true,
      carriesMail: true,
      take: ({ sender }, request, payload) => sender.settle(request, readSettle(payload)),
    },
  ],
  [
    FrameType.Rest,
    {
      writes: true,
      carriesMail: true,
      take: ({ sender }, request, payload) => sender.rest(request, readRest(payload)),
    },
  ],
  [
    FrameType.History,
    { carriesMail: true, take: ({ requests }, _, payload) => requests.history(readHistory(payload)) },
  ],
  [FrameType.Refused, { take: ({ requests }, _, payload) => requests.refused(readRefused(payload)) }],
  [FrameType.Use, { take: ({ requests }, _, payload) => requests.use(readUse(payload)) }],
  [FrameType.Status, { take: ({ requests }, request, payload) => requests.status(request, payload) }],
  [FrameType.Heard, { take: ({ questions }, _, payload) => questions.heard(payload) }],
  [FrameType.Holder, { take: ({ questions }, _, payload) => questions.holder(readHolder(payload)) }],
]);
