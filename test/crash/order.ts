/**
 * The order of things in a trace: no answer leaves before a sync has ended that covers what it promises.
 * For a 250, the frames of the WAL are followed: the one that first holds the message's id, the commit frame behind it,
 * a sync of the WAL that began after that. For a QUIT, some commit and its sync must lie between the request to the store
 * and the answer, and the disk as it is then, with nothing but what was synced, must no longer hold the messages.
 */
import type { Buffer } from 'node:buffer';
import { Disk } from './disk.js';
import { inspect } from './inspection.js';
import type { Recording } from './recording.js';
import { TracedFile, type TraceRecord } from './trace.js';

export interface OrderReport {
  readonly acceptances: number;
  readonly removals: number;
  /** Syncs of the WAL that ended. */
  readonly syncs: number;
  readonly early: readonly string[];
}

/** https://www.sqlite.org/fileformat2.html#walformat */
const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const PAGE_BYTES = 4096;
/** In a frame header: the size of the database after the commit, 0 in frames that do not commit. */
const COMMIT_AT = 4;

export function checkOrder(recording: Recording): OrderReport {
  const { records, acceptances, removals } = recording;
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
    removals: removals.filter(({ at }) => at !== undefined).length,
    syncs: syncs.length,
    early: [...early, ...earlyRemovals(recording, commits, syncs)],
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
  return [...page.toString('latin1').matchAll(/\) with \S+ id (\S+)\r\n/g)].map(([, id = '']) => id);
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

function earlyRemovals(
  { records, removals }: Recording,
  commits: readonly Commit[],
  syncs: readonly Sync[],
): readonly string[] {
  const disk = new Disk();
  const early: string[] = [];
  let applied = 0;
  for (const { asked, at: answered, account, uids } of removals) {
    if (answered === undefined) continue;
    const committed = commits.find(({ at }) => at > asked)?.at ?? Infinity;
    if (!syncs.some(({ begun, ended }) => begun > committed && ended < answered))
      early.push(`+OK to QUIT left before its commit was synced`);
    for (; applied < answered; applied++) disk.apply(records[applied] as TraceRecord);
    const { found } = inspect(disk.image({ kind: 'drop' }));
    const left = found.filter(({ accountId, uid }) => accountId === account && uids.includes(uid));
    if (left.length > 0) early.push(`+OK to QUIT left before the removal of ${left.length} messages was synced`);
  }
  return early;
}
