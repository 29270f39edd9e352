/** A database whose path is longer than the address of a Unix socket may be is served as any other, or refused in a sentence. */
import { existsSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { pennypost } from '../cli/pennypost.js';
import { Server } from '../support/server.js';

describe('a long path', () => {
  let above: string;

  beforeEach(async () => {
    above = await mkdtemp(join(tmpdir(), 'pennypost-long-'));
  });

  afterEach(() => rm(above, { recursive: true, force: true }));

  for (const [what, name] of [
    ['a long directory', 'mail.db'],
    ['a long name', `${'m'.repeat(200)}.db`],
  ] as const)
    it(`is served in ${what}, with its socket beside it`, async () => {
      const directory = join(above, 'd'.repeat(120), 'e'.repeat(60));
      mkdirSync(directory, { recursive: true });
      const db = join(directory, name);
      const server = await Server.start({ directory: above, arguments: ['--db', db], workers: 1 });
      try {
        expect((await server.run('status', '--json', '--db', db)).stdout).to.include(db);
        expect(await server.do('account', 'list', '--db', db)).to.include('postmaster@localhost');
        expect(existsSync(name === 'mail.db' ? `${db}.sock` : `${db}.lock`)).to.equal(true);
      } finally {
        await server.release({ keep: true });
      }
    });

  it('is refused where SQLite would take it no more', async () => {
    const directory = join(above, ...Array.from({ length: 4 }, () => 'd'.repeat(120)));
    mkdirSync(directory, { recursive: true });
    const deep = await pennypost(
      ['account', 'add', 'a@localhost', '--db', join(directory, 'mail.db'), '--password', 'secret12'],
      {
        directory: above,
      },
    );
    expect([deep.status, deep.stderr]).to.satisfy(
      ([status, text]: [number, string]) => status === 69 && text.includes('too long'),
    );
    const named = await pennypost(
      ['account', 'add', 'a@localhost', '--db', 'm'.repeat(250), '--password', 'secret12'],
      {
        directory: above,
      },
    );
    expect(named.stderr).to.match(/^pennypost: The path \S+ is too long: .*--db\n$/);
  });
});
