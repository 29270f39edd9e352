/** Reads what the shim noted (shim.c): records in the order in which they happened, for all processes together. */
import { readFileSync } from 'node:fs';
import type { RemoveRequest } from '../../src/store/sqlite/protocol/requests.js';

export type RecordKind = 'W' | 'D' | 'T' | 'U' | 'B' | 'S' | 'F' | 'N' | 'R';

/** The same numbers as in shim.c. */
export enum TracedFile {
  Other,
  Db,
  Wal,
  Journal,
  Directory,
  Tcp,
  Unix,
}

export interface TraceRecord {
  /**
   * Write, Direct write, Truncate, Unlink: about to happen. B: a sync begins, S: it has succeeded. F: a sync fails. N: about to be said to a client,
   * R: about to be said to another process.
   */
  readonly kind: RecordKind;
  readonly file: TracedFile;
  /** Process and number: joins a B and its S. Of what is said, process and socket. */
  readonly sync: string;
  readonly pid: number;
  /** Of a write; for T the new size. */
  readonly offset: number;
  readonly data: Buffer;
}

const HEADER_BYTES = 24;

export function readTrace(path: string): readonly TraceRecord[] {
  const bytes = readFileSync(path);
  const records: TraceRecord[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    const length = bytes.readUInt32LE(at);
    const pid = bytes.readUInt32LE(at + 8);
    records.push({
      kind: String.fromCharCode(bytes[at + 4] as number) as RecordKind,
      file: bytes[at + 5] as TracedFile,
      pid,
      sync: `${pid} ${bytes.readUInt32LE(at + 12)}`,
      offset: Number(bytes.readBigInt64LE(at + 16)),
      data: bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length),
    });
    at += HEADER_BYTES + length;
  }
  return records;
}

/** A 250 for a message on its way to a client. */
export interface Acceptance {
  readonly at: number;
  readonly id: string;
}

/** A QUIT: asked of the store at `asked`, answered to the client with +OK at `at`; undefined if that never came. */
export interface Removal {
  readonly asked: number;
  readonly at: number | undefined;
  readonly account: number;
  readonly uids: readonly number[];
}

export function acceptances(records: readonly TraceRecord[]): readonly Acceptance[] {
  return records.flatMap(({ kind, data }, at) =>
    kind !== 'N'
      ? []
      : [...data.toString('latin1').matchAll(/^250 2\.0\.0 Accepted as (\S+)\r$/gm)].map(([, id = '']) => ({ at, id })),
  );
}

/** Only where one POP3 client at a time removes anything: then the next +OK to a QUIT is the answer. */
export function removals(records: readonly TraceRecord[]): readonly Removal[] {
  const found: Removal[] = [];
  let open: Omit<Removal, 'at'> | undefined;
  const settle = (at: number | undefined): void => {
    if (open !== undefined) found.push({ ...open, at });
    open = undefined;
  };
  for (const [at, { kind, data }] of records.entries()) {
    if (kind === 'R') {
      const [json] = /\{[^{}]*"ranges":\[[^{}]*\}/.exec(data.toString('latin1')) ?? [];
      const request = json === undefined ? undefined : (JSON.parse(json) as RemoveRequest);
      if (request?.more !== false) continue;
      settle(undefined);
      open = { asked: at, account: request.account, uids: uidsIn(request.ranges) };
    } else if (kind === 'N' && open !== undefined && /^\+OK Bye; \d+ message/m.test(data.toString('latin1', 0, 512)))
      settle(at);
  }
  settle(undefined);
  return found;
}

/** First and last of each range, one behind the other. */
function uidsIn(ranges: readonly number[]): readonly number[] {
  return ranges.flatMap((first, at) =>
    at % 2 === 1 ? [] : Array.from({ length: (ranges[at + 1] as number) - first + 1 }, (_, next) => first + next),
  );
}
