/** The care of a database as a person types it: what is printed, which status it has, and what lies there afterwards. */
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { Server } from '../support/server.js';
import { inEmptyDirectory, pennypost, type Ended } from './pennypost.js';

const MESSAGE = 'From: Bob <bob@example.net>\r\nSubject: a mark to turn\r\n\r\nThe text of it.\r\n';

describe('the care of a database', function () {
  this.timeout(120_000);
  let server: Server;

  before(async () => {
    server = await Server.start({ workers: 1 });
    await server.addAccount('alice@localhost', 'correct horse battery');
    const { status } = await pennypost(['mail', 'send', 'alice@localhost'], {
      directory: server.directory,
      input: MESSAGE,
    });
    expect(status).to.equal(0);
  });
  after(() => server.release());

  it('is one line and status 0 where all is well, beside the server', async () => {
    const { status, stdout } = await server.run('check');
    expect({ status, stdout }).to.deep.equal({
      status: 0,
      stdout: `mail.db is sound: 1 messages, ${MESSAGE.length} octets of mail (each body once, without trace headers).\n`,
    });
  });

  it('finds its mail by words, once they are in the index', async () => {
    const search = (query: string) => server.run('mail', 'search', 'alice@localhost', query);
    const unfound = await search('from:bob mark');
    expect(unfound.status).to.equal(0);
    expect(unfound.stdout).to.match(/^number[^\n]*\n$/);
    expect(unfound.stderr).to.match(/^Not in the index yet, of all accounts: 1 message\. 'pennypost mail index'/);
    expect(await server.run('mail', 'index')).to.deep.include({ status: 0, stderr: 'The index has all messages.\n' });
    expect((await search('from:bob "to turn" after:2026-01-01 -has:attachment')).stdout).to.match(/ a mark to turn\n$/);
    expect((await search('text after:2099')).stdout).to.match(/^number[^\n]*\n$/);
    expect(await search('AND AND "')).to.deep.include({ status: 64, stdout: '' });
  });

  it('makes a copy while the server runs, and puts none in its place', async () => {
    const made = await server.run('backup', 'copy.db');
    expect(made.stdout).to.match(/copy\.db holds what was acknowledged until .*Z, and is sound: 1 messages/);
    const again = await server.run('backup', 'copy.db');
    expect(again).to.deep.include({ status: 1 });
    expect(again.stderr).to.match(/is there already: choose another name, or say --force/);
    expect((await server.run('backup', '--force', 'copy.db')).status).to.equal(0);
    const refused = await server.run('restore', 'copy.db');
    expect(refused).to.deep.include({ status: 1 });
    expect(refused.stderr).to.match(/stop it first/);
    expect((await server.run('check', '--repair')).stderr).to.match(/stop it first/);
    expect((await server.run('rollback')).stderr).to.match(/stop it first/);
  });

  it('keeps the newest copies of a directory, and what else lies there', async () => {
    const copies = join(server.directory, 'copies');
    mkdirSync(copies);
    writeFileSync(join(copies, 'mail-of-mine.db'), '');
    for (let times = 0; times < 3; times++) {
      expect((await server.run('backup', '--keep', '2', 'copies')).status).to.equal(0);
      await pause(1100); // They are named by the second.
    }
    const names = readdirSync(copies).toSorted();
    expect(names).to.have.length(3);
    expect(names).to.include('mail-of-mine.db');
  });

  it('gives a copy in a directory a name of its own, and replaces no directory', async () => {
    const one = join(server.directory, 'one');
    mkdirSync(one);
    const { status, stderr } = await server.run('backup', '--force', 'one');
    expect({ status, stderr }).to.deep.include({ status: 64 });
    expect(stderr).to.match(/--force is for a single FILE/);
    expect(readdirSync(one)).to.deep.equal([]);
    expect((await server.run('backup', 'one')).status).to.equal(0);
    expect(readdirSync(one)).to.have.length(1);
    expect(readdirSync(one)[0]).to.match(/^mail-\d{8}T\d{6}Z\.db$/);
    expect(readdirSync(server.directory).filter((name) => name.includes('.partial'))).to.deep.equal([]);
  });

  it('knows the ports of the server on this database from those of others, a line for each', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      const { port } = other.address() as AddressInfo;
      const own = ['--smtp-port', String(server.smtpPort)];
      const apart = await server.run('doctor', ...own, '--pop3-port', String(port));
      expect(apart).to.deep.include({ status: 1 });
      expect(apart.stdout).to.match(
        new RegExp(`^wrong +ports: Cannot listen on 127\\.0\\.0\\.1 port ${port} for POP3: .*$`, 'm'),
      );
      expect(apart.stdout).not.to.match(/root|port \d+ for SMTP/);
      const both = [server.smtpPort, server.pop3Port].map(String);
      const all = await server.run('doctor', '--smtp-port', both[0] ?? '', '--pop3-port', both[1] ?? '');
      expect(all.stdout).to.match(/^fine +ports: the server on this database has them$/m);
    } finally {
      other.close();
    }
  });

  it('looks at the relay as config check does', async () => {
    const { status, stdout } = await server.run('doctor', '--outbound', 'relay', '--relay', 'smtp://x@127.0.0.1:1');
    expect(status).to.equal(1);
    expect(stdout).to.match(/^wrong +relay: relay has the user x, and there is no password; give relay-password-file/m);
  });

  it('says of a machine what it found, a line for each', async () => {
    const { status, stdout, stderr } = await server.run(
      ...['doctor', '--smtp-port', String(server.smtpPort), '--pop3-port', String(server.pop3Port)],
    );
    expect(stderr).to.equal('');
    expect(status, stdout).to.equal(0);
    for (const what of [
      'ports',
      'hostname',
      'certificate',
      'programs',
      'clock',
      'relay',
      'file system',
      'room',
      'permissions',
      'syncs',
    ])
      expect(stdout).to.match(new RegExp(`^(fine|warning) +${what}: `, 'm'));
    expect(readdirSync(server.directory).filter((name) => name.includes('doctor'))).to.deep.equal([]);
  });

  it('names what is wrong with a machine', async () => {
    await inEmptyDirectory(async (directory) => {
      writeFileSync(join(directory, 'mail.db'), '');
      chmodSync(join(directory, 'mail.db'), 0o644); // Whatever the umask.
      const ports = ['--smtp-port', String(server.smtpPort), '--hostname', 'no.such.name.invalid', '--host', '0.0.0.0'];
      const { status, stdout } = await pennypost(['doctor', ...ports], { directory });
      expect(status).to.equal(1);
      expect(stdout).to.match(/^wrong +hostname: no\.such\.name\.invalid cannot be looked up/m);
      expect(stdout).to.match(/^wrong +permissions: others may read \S+mail\.db; chmod 600 \S+mail\.db$/m);
    });
  });

  describe('while no server runs', () => {
    before(() => server.stop());

    function run(...argv: readonly string[]): Promise<Ended> {
      return pennypost(argv, { directory: server.directory });
    }

    it('says whose mail is not as it was, and brings back what was copied', async () => {
      const db = join(server.directory, 'mail.db');
      const bytes = readFileSync(db);
      for (let found = bytes.indexOf('The text of it'); found !== -1; found = bytes.indexOf('The text of it'))
        bytes[found] = 0x58;
      writeFileSync(db, bytes);
      const damaged = await run('check');
      expect(damaged.status).to.equal(1);
      expect(damaged.stdout).to.match(/^wrong: body 1: its octets are not those that were acknowledged$/m);
      expect(damaged.stdout).to.match(
        /^ {2}alice@localhost, uid \d+, from Bob <bob@example\.net>, subject a mark to turn$/m,
      );
      expect(await run('backup', '--force', 'copy.db')).to.deep.include({ status: 1 });
      const restored = await run('restore', 'copy.db');
      expect(restored.stdout).to.match(/mail\.db is now what was in copy\.db: 1 messages/);
      const aside = /What was there is (\S+);/.exec(restored.stdout)?.[1] ?? '';
      expect(existsSync(aside)).to.equal(true);
      expect((await run('check')).status).to.equal(0);
      expect((await run('mail', 'show', 'alice@localhost', '1')).stdout).to.include('The text of it.');
    });

    it('has nothing to return to before there was an upgrade', async () => {
      const { status, stderr } = await run('rollback');
      expect(status).to.equal(1);
      expect(stderr).to.match(/No upgrade of .* kept what was before it/);
    });
  });
});
