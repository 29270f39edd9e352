/**
 * The shim (shim.c), built once a process with the C compiler, and a server that runs under it. Also: copies of the
 * program from which a promise was taken away, to show that the checks notice.
 */
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  openSync,
  readSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../support/programs.js';
import { ROOT, Server, type ServerOptions } from '../support/server.js';

/** Numbers that shim.c shares with the test, in its order. */
export enum Control {
  /** Not 0: nothing may make a file longer by more than is left of Room (ENOSPC). */
  Full,
  /** So many syncs of the WAL fail (EIO). */
  WalSyncFails,
  DbSyncFails,
  WalWriteFails,
  SyncDelayUs,
  SyncsFailed,
  WritesFailed,
  Room,
}

const CONTROL_BYTES = 64;

export class Shim {
  readonly directory: string;
  readonly #control: number;

  private constructor(directory: string) {
    this.directory = directory;
    writeFileSync(join(directory, 'control'), Buffer.alloc(CONTROL_BYTES));
    this.#control = openSync(join(directory, 'control'), 'r+');
  }

  /** The C compiler is needed: see `itNeeds`. */
  static async build(): Promise<Shim> {
    const directory = mkdtempSync(join(tmpdir(), 'pennypost-shim-'));
    const library = join(directory, 'shim.so');
    await run('cc', ['-O1', '-shared', '-fPIC', '-o', library, join(ROOT, 'test/crash/shim.c'), '-ldl', '-lpthread']);
    return new Shim(directory);
  }

  /** A server whose database is `directory`/mail.db, every process of it under the shim. */
  async serve(options: ServerOptions & { readonly trace?: boolean } = {}): Promise<Server> {
    const directory = options.directory ?? options.like?.directory ?? mkdtempSync(join(tmpdir(), 'pennypost-'));
    return Server.start({
      ...options,
      directory,
      environment: {
        LD_PRELOAD: join(this.directory, 'shim.so'),
        SHIM_DB: join(directory, 'mail.db'),
        SHIM_CONTROL: join(this.directory, 'control'),
        ...(options.trace === true ? { SHIM_LOG: this.trace } : {}),
      },
    });
  }

  get trace(): string {
    return join(this.directory, 'trace');
  }

  set(what: Control, value: number): void {
    const number = Buffer.alloc(4);
    number.writeInt32LE(value);
    writeSync(this.#control, number, 0, 4, 4 * what);
  }

  get(what: Control): number {
    const number = Buffer.alloc(4);
    readSync(this.#control, number, 0, 4, 4 * what);
    return number.readInt32LE();
  }

  release(): void {
    closeSync(this.#control);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** What is changed in a copy of the program: a file of dist/src, and what stands there for what. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const DATABASE = 'store/sqlite/database/database.js';
const FULL = 'const FULL = 2;';

export const synchronousOff: Change = { file: DATABASE, from: FULL, to: 'const FULL = 0;' };
export const synchronousNormal: Change = { file: DATABASE, from: FULL, to: 'const FULL = 1;' };

/** Everybody is told that it is durable, and then it is committed. */
export const answeredBeforeCommit: Change = {
  file: 'store/sqlite/server/group.js',
  from: 'const failure = this.#retries.commit(',
  to: 'for (const write of group) write.done(); this.#observer.committed(0); const failure = this.#retries.commit(',
};

/** What a checkpoint moved is synced by the next one that reaches the end of the WAL, whenever that is. */
export const checkpointNotSynced: Change = {
  file: 'store/sqlite/server/checkpointer-thread.js',
  from: 'fdatasyncSync(file);',
  to: '',
};

/** A store goes on with the WAL that it finds. */
export const walTrusted: Change = {
  file: 'store/sqlite/server/opening.js',
  from: 'if (walBytes(this.#db) > 0) {',
  to: 'if (false) {',
};

/** What was moved once more is trusted to the page cache, which took it for written before. */
export const notRewritten: Change = {
  file: 'store/sqlite/server/rewriting.js',
  from: 'writeFully(this.#written, step, at);',
  to: '',
};

/** Mail is delivered, says the sender, and then it sends it. */
export const settledBeforeTheReply: Change = {
  file: 'outbound/hops.js',
  from: 'const result = await kept.connection.send(',
  to: `this.#options.attempted(job.message, job.recipients.map((recipient) =>
      ({ recipient, kind: 'delivered', reply: { text: 'soon' } })), time());
    const result = await kept.connection.send(`,
};

/** The copies here are committed and answered; what is for elsewhere follows. */
export const queuedAfterwards: Change = {
  file: 'store/sqlite/server/writer.js',
  from: 'this.queue.add(body, metadata, outgoing, octets);',
  to: 'setTimeout(() => { this.queue.add(body, metadata, outgoing, octets); this.flush(); }, 300);',
};

/** Returns the copy's main.js. It fails where the source no longer reads as a change expects. */
export function changedProgram(directory: string, ...changes: readonly Change[]): string {
  const copy = mkdtempSync(join(directory, 'changed-'));
  cpSync(join(ROOT, 'dist/src'), join(copy, 'dist/src'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
  for (const name of ['db', 'node_modules']) symlinkSync(join(ROOT, name), join(copy, name));
  for (const change of changes) apply(join(copy, 'dist/src'), change);
  return join(copy, 'dist/src/main.js');
}

function apply(program: string, { file, from, to }: Change): void {
  const path = join(program, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(from).length !== 2) throw new Error(`'${from}' does not stand once in ${file}`);
  writeFileSync(path, source.replace(from, to));
}
