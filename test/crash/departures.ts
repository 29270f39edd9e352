/**
 * What the sender told the queue, found in a trace: which recipients were to leave it, since their mail was delivered, and when the store
 * had answered that they have. One sender, which the store knows by telling it when something is due.
 */
import type { Buffer } from 'node:buffer';
import { FrameReader, FrameType, type Frame } from '../../src/store/sqlite/protocol/frames.js';
import type { SettleRequest } from '../../src/store/sqlite/protocol/queue-requests.js';
import type { TraceRecord } from './trace.js';

export interface Departure {
  readonly asked: number;
  /** Undefined if that never came. */
  readonly at: number | undefined;
  /** Of rows of the queue. */
  readonly ids: readonly number[];
}

interface Said {
  readonly at: number;
  readonly socket: string;
  readonly frame: Frame;
}

export function departures(records: readonly TraceRecord[]): readonly Departure[] {
  const said = records.flatMap(({ kind, sync, data }, at) =>
    kind === 'R' ? framesIn(data).map((frame): Said => ({ at, socket: sync, frame })) : [],
  );
  const socket = said.find(({ frame }) => frame.type === FrameType.Due)?.socket;
  const answers = said.filter((one) => one.socket === socket && one.frame.type === FrameType.Done);
  return said
    .filter(({ frame }) => frame.type === FrameType.Settle)
    .map(({ at, frame }) => ({
      asked: at,
      at: answers.find((answer) => answer.at > at && answer.frame.request === frame.request)?.at,
      ids: deliveredIn(frame.payload),
    }));
}

/** Those that are whole in one write; what is no frame is between other processes. */
function framesIn(data: Buffer): readonly Frame[] {
  const frames: Frame[] = [];
  try {
    new FrameReader().push(data, (frame) => frames.push(frame));
    return frames;
  } catch {
    return [];
  }
}

function deliveredIn(payload: Buffer): readonly number[] {
  const { settlements } = JSON.parse(payload.toString()) as SettleRequest;
  return settlements.filter(({ outcome }) => outcome.kind === 'delivered').map(({ id }) => id);
}
