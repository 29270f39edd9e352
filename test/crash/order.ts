/**
 * The order of things in a trace: no answer leaves before a sync has ended that covers what it promises.
 * For a 250, the frames of the WAL are followed: the one that first holds the message's id, the commit frame behind it,
 * a sync of the WAL that began after that. For an answer that something is gone (to QUIT, and to an outcome of mail out), some commit
 * and its sync must lie between the request to the store and the answer, and the disk as it is then, with nothing but what was synced,
 * must no longer hold it.
 */
import type { Buffer } from 'node:buffer';
import { Disk } from './disk.js';
import { inspect, type Inspection } from './inspection.js';
import type { Traced } from './recording.js';
import { TracedFile, type TraceRecord } from './trace.js';

export interface OrderReport {
  readonly acceptances: number;
  readonly withdrawals: number;
  /** Syncs of the WAL that ended. */
  readonly syncs: number;
  readonly early: readonly string[];
}

/** Something was to go, and that it has gone was answered, if it was. */
export interface Withdrawal {
  /** The answer. */
  readonly what: string;
  readonly asked: number;
  readonly at: number | undefined;
  /** How much of it is still there. */
  readonly left: (inspection: Inspection) => number;
}

/** https://www.sqlite.org/fileformat2.html#walformat */
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const PAGE_BYTES = 4096;
/** In a frame header: the size of the database after the commit, 0 in frames that do not commit. */
const COMMIT_AT = 4;

export function checkOrder(recording: Traced & { readonly withdrawals: readonly Withdrawal[] }): OrderReport {
  const { records, acceptances, withdrawals } = recording;
  const commits = commitsIn(records);
  const commitOf = new Map(commits.flatMap(({ at, ids }) => ids.map((id) => [id, at] as const)).reverse());
  const syncs = walSyncs(records);
  const early: string[] = [];
  for (const { at, id } of acceptances) {
    const committed = commitOf.get(id);
    if (committed === undefined || committed > at) early.push(`250 for ${id} left before its commit was written`);
    else if (!syncs.some(({ begun, ended }) => begun > committed && ended < at))
      early.push(`250 for ${id} left before its commit was synced`);
  }
  return {
    acceptances: acceptances.length,
    withdrawals: withdrawals.filter(({ at }) => at !== undefined).length,
    syncs: syncs.length,
    early: [...early, ...earlyWithdrawals(recording, commits, syncs)],
  };
}

interface Commit {
  /** Where its last frame was complete. */
  readonly at: number;
  /** Of messages that stand on the pages it wrote; the first commit with an id is the one that stored it. */
  readonly ids: readonly string[];
}

interface Sync {
  readonly begun: number;
  readonly ended: number;
}

function commitsIn(records: readonly TraceRecord[]): readonly Commit[] {
  const commits: Commit[] = [];
  let ids: string[] = [];
  let committing = false;
  for (const [at, { kind, file, offset, data }] of records.entries()) {
    if (kind !== 'W' || file !== TracedFile.Wal) continue;
    if (isFrameHeader(offset, data)) committing = data.readUInt32BE(COMMIT_AT) !== 0;
    if (data.length < PAGE_BYTES) continue;
    ids.push(...idsIn(data));
    if (!committing) continue;
    commits.push({ at, ids });
    ids = [];
    committing = false;
  }
  return commits;
}

function isFrameHeader(offset: number, data: Buffer): boolean {
  const inFrames = offset - WAL_HEADER_BYTES;
  return inFrames >= 0 && inFrames % (FRAME_HEADER_BYTES + PAGE_BYTES) === 0 && data.length >= FRAME_HEADER_BYTES;
}

function idsIn(page: Buffer): readonly string[] {
  return [...page.toString('latin1').matchAll(/\) with \S+ id ([^\s;]+)/g)].map(([, id = '']) => id);
}

function walSyncs(records: readonly TraceRecord[]): readonly Sync[] {
  const open = new Map<string, number>();
  const syncs: Sync[] = [];
  for (const [at, { kind, file, sync }] of records.entries()) {
    if (file !== TracedFile.Wal) continue;
    if (kind === 'B') open.set(sync, at);
    if (kind === 'S') syncs.push({ begun: open.get(sync) ?? at, ended: at });
  }
  return syncs;
}

function earlyWithdrawals(
  { records, withdrawals }: Pick<Traced, 'records'> & { readonly withdrawals: readonly Withdrawal[] },
  commits: readonly Commit[],
  syncs: readonly Sync[],
): readonly string[] {
  const disk = new Disk();
  const early: string[] = [];
  let applied = 0;
  for (const { what, asked, at: answered, left } of withdrawals) {
    if (answered === undefined) continue;
    const committed = commits.find(({ at }) => at > asked)?.at ?? Infinity;
    if (!syncs.some(({ begun, ended }) => begun > committed && ended < answered))
      early.push(`${what} left before its commit was synced`);
    for (; applied < answered; applied++) disk.apply(records[applied] as TraceRecord);
    const there = left(inspect(disk.image({ kind: 'drop' })));
    if (there > 0) early.push(`${what} left before the removal of ${there} was synced`);
  }
  return early;
}
