/** Links that the service's user plants where root works: no command and no server of root touches what they lead to. */
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pennypost } from '../cli/pennypost.js';
import { Server } from '../support/server.js';

const SERVICE = { uid: 54_321, gid: 54_321 };
const isRoot = process.geteuid?.() === 0;
const itAsRoot = isRoot ? it : it.skip;

interface Victim {
  readonly path: string;
  readonly content: string;
}

describe('a link that the user of the service has planted', () => {
  let above: string;
  let directory: string;
  let db: string;
  let victim: Victim;

  beforeEach(async () => {
    above = await mkdtemp(join(tmpdir(), 'pennypost-planted-'));
    chmodSync(above, 0o755);
    directory = join(above, 'service');
    mkdirSync(directory);
    chownSync(directory, SERVICE.uid, SERVICE.gid);
    db = join(directory, 'mail.db');
    victim = { path: join(above, 'roots'), content: '' };
  });

  afterEach(() => rm(above, { recursive: true, force: true }));

  function plant(name: string, content = ''): void {
    victim = { path: join(above, 'roots'), content };
    writeFileSync(victim.path, content, { mode: 0o644 });
    chmodSync(victim.path, 0o644);
    symlinkSync(victim.path, join(directory, name));
    lchownSync(join(directory, name), SERVICE.uid, SERVICE.gid);
  }

  function isUntouched(): void {
    expect(readFileSync(victim.path, 'utf8')).to.equal(victim.content);
    const { mode, uid } = statSync(victim.path);
    expect([mode & 0o777, uid]).to.deep.equal([0o644, 0]);
  }

  for (const name of ['mail.db', 'mail.db-wal', 'mail.db-shm', 'mail.db-journal', 'mail.db.lock', 'mail.db.sock'])
    itAsRoot(`as ${name} leads a command of root nowhere`, async () => {
      plant(name);
      for (const argv of [['account', 'add', 'a@localhost', '--password', 'secret12'], ['account', 'list'], ['status']])
        await pennypost([...argv, '--db', db], { directory: above });
      isUntouched();
    });

  for (const name of ['mail.db-wal', 'mail.db.lock', 'mail.pem'])
    itAsRoot(`as ${name} leads a server of root nowhere`, async () => {
      plant(name, 'words of root');
      const server = await Server.launch({ directory: above, arguments: ['--db', db], workers: 1 });
      await server.end(20_000).catch(() => undefined);
      await server.release({ keep: true });
      isUntouched();
    });

  itAsRoot('in place of the directory leads a command of root nowhere', async () => {
    const roots = join(above, 'root-only');
    mkdirSync(roots);
    symlinkSync(roots, join(directory, 'mail'));
    lchownSync(join(directory, 'mail'), SERVICE.uid, SERVICE.gid);
    const { status } = await pennypost(
      ['account', 'add', 'a@localhost', '--password', 'secret12', '--db', join(directory, 'mail', 'mail.db')],
      { directory: above },
    );
    expect(status).to.not.equal(0);
    expect(() => statSync(join(roots, 'mail.db'))).to.throw(/ENOENT/);
  });

  itAsRoot('or a second name of a file of root, is refused', async () => {
    victim = { path: join(above, 'roots'), content: '' };
    writeFileSync(victim.path, '', { mode: 0o644 });
    chmodSync(victim.path, 0o644);
    linkSync(victim.path, join(directory, 'mail.db-wal'));
    await pennypost(['account', 'add', 'a@localhost', '--password', 'secret12', '--db', db], { directory: above });
    isUntouched();
  });

  itAsRoot('is not there: what root makes in the directory is its owner’s', async () => {
    await pennypost(['account', 'add', 'a@localhost', '--password', 'secret12', '--db', db], { directory: above });
    expect(statSync(db).uid).to.equal(SERVICE.uid);
  });
});

describe('mail.pem', () => {
  it('that others could read is closed to them', async () => {
    const first = await Server.start({ workers: 1 });
    await first.stop();
    chmodSync(first.certificate, 0o644);
    const before = readFileSync(first.certificate, 'utf8');
    const second = await Server.start({ like: first, workers: 1 });
    try {
      expect(statSync(second.certificate).mode & 0o777).to.equal(0o600);
      expect(readFileSync(second.certificate, 'utf8')).to.equal(before);
    } finally {
      await second.release();
    }
  });
});
