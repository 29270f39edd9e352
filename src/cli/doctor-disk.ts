/**
 * The file system under the database: of what kind, how much is free, whose the files are, and how fast and how truly it syncs.
 * Of a database that is no file here, its own host knows.
 */
import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Configuration } from '../config/configuration.js';
import { statIfThere } from '../runtime/stats.js';
import { locationOf } from '../store/locations.js';
import { type Examination, type Judgement, fine, warning, wrong } from './examination.js';

const MIB = 1024 * 1024;
const OTHERS = 0o077;
const PAGE_BYTES = 4096;
const SYNCS = 200;
const SYNCS_LIMIT_MS = 2_000;
/** Less, and a single sender waits. */
const SLOW_A_SECOND = 50;
/** No disk is so fast: what says so keeps it in a memory that ends with the power. */
const UNBELIEVABLE_A_SECOND = 40_000;
const SECOND_MS = 1000;
/** A clock that was set back leaves files of the future. */
const FUTURE_MS = 5 * 60_000;

/** By the number of statfs(2). */
const KINDS: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x2fc12fc1, 'zfs'],
  [0xf2f52010, 'f2fs'],
]);
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x517b, 'SMB'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
]);
const PASSING: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'tmpfs, which ends with the machine'],
  [0x794c7630, 'overlay, which ends with its container'],
]);

function fileSystem(file: string): Judgement {
  const type = statfsSync(dirname(file)).type;
  const network = NETWORK.get(type);
  if (network !== undefined)
    return wrong(
      `${network}: locks and shared memory do not work there, and mail is lost`,
      'choose a local disk with --db',
    );
  const passing = PASSING.get(type);
  if (passing !== undefined) return warning(passing, 'choose a disk, or a volume, with --db');
  return fine(KINDS.get(type) ?? `of type 0x${type.toString(16)}`);
}

function room(file: string, { minFree = 0 }: Configuration): Judgement {
  const { bavail, bsize } = statfsSync(dirname(file));
  const free = bavail * bsize;
  const size = statIfThere(file)?.size ?? 0;
  const told = `${Math.floor(free / MIB)} MiB free, and the database has ${Math.ceil(size / MIB)}`;
  if (free < minFree) return wrong(`${told}: no mail is taken (--min-free)`, 'make room there');
  return free < size
    ? warning(`${told}: not enough for a copy of it, as before an upgrade`, 'make room there')
    : fine(told);
}

function permissions(file: string): Judgement {
  const directory = dirname(file);
  const me = process.geteuid?.() ?? -1;
  const there = [directory, file, `${file}-wal`].map((path) => [path, statIfThere(path)] as const);
  const files = there.filter((each): each is [string, Stats] => each[1] !== undefined);
  const foreign = files.find(([path, { uid }]) => path !== directory && uid !== me);
  if (foreign !== undefined)
    return wrong(`${foreign[0]} belongs to user ${foreign[1].uid}`, `chown -R ${me} ${directory}`);
  const open = files.filter(([path, { mode }]) => path !== directory && (mode & OTHERS) !== 0).map(([path]) => path);
  if (open.length > 0) return wrong(`others may read ${open.join(', ')}`, `chmod 600 ${open.join(' ')}`);
  return fine(files.length === 1 ? 'there is no database yet' : 'the files are for their owner alone');
}

function times(file: string): Judgement {
  const newest = Math.max(...[file, `${file}-wal`].map((path) => statIfThere(path)?.mtimeMs ?? 0));
  if (newest <= Date.now() + FUTURE_MS) return fine('no file is of the future');
  return wrong(
    `the database was written at ${new Date(newest).toISOString()}: the clock was set back`,
    'set it: timedatectl set-ntp true',
  );
}

/** Each as a commit of a small message is: a page at the end of a file, and a sync. */
function syncs(file: string): Judgement {
  const path = join(dirname(file), `.pennypost-doctor-${process.pid}`);
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx', 0o600);
  } catch (error) {
    return wrong((error as Error).message, `give this user the directory ${dirname(file)}`);
  }
  try {
    return judgeSyncs(measured(descriptor));
  } finally {
    closeSync(descriptor);
    rmSync(path, { force: true });
  }
}

/** The slowest of a hundred, and the one in the middle, in milliseconds. */
function measured(descriptor: number): readonly [median: number, slow: number] {
  const page = Buffer.alloc(PAGE_BYTES, 1);
  const took: number[] = [];
  for (const endMs = performance.now() + SYNCS_LIMIT_MS; took.length < SYNCS && performance.now() < endMs;) {
    const beganMs = performance.now();
    writeSync(descriptor, page, 0, page.length, took.length * PAGE_BYTES);
    fdatasyncSync(descriptor);
    took.push(performance.now() - beganMs);
  }
  const sorted = took.toSorted((one, other) => one - other);
  return [sorted[Math.floor(sorted.length / 2)] ?? 0, sorted[Math.floor(sorted.length * 0.99)] ?? 0];
}

function judgeSyncs([median, slow]: readonly [number, number]): Judgement {
  const rate = Math.round(SECOND_MS / median);
  const told = `a sync takes ${median.toFixed(2)} ms, one of a hundred ${slow.toFixed(1)}: ${rate} acknowledgements a second to one sender, more to many at once`;
  if (rate > UNBELIEVABLE_A_SECOND)
    return warning(`${told}; no disk is so fast`, 'see that its cache, or that of its host, survives a power cut');
  if (rate < SLOW_A_SECOND) return warning(told, 'a disk with a write cache that survives a power cut is faster');
  return fine(told);
}

function ofFile(examine: (file: string, configuration: Configuration) => Judgement): Examination['examine'] {
  return (configuration) => {
    const { file } = locationOf(configuration.db);
    return file === undefined ? [] : examine(file, configuration);
  };
}

export const diskExaminations: readonly Examination[] = [
  { what: 'file times', examine: ofFile(times) },
  { what: 'file system', examine: ofFile(fileSystem) },
  { what: 'room', examine: ofFile(room) },
  { what: 'permissions', examine: ofFile(permissions) },
  { what: 'syncs', examine: ofFile(syncs) },
];
