/** `pennypost import`: every octet, time, sender and UIDL that the files have, once, however often it is run. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { ZipFile } from 'yazl';
import { accountIn, mailIn, mailOf, statusOf, type StoredMail } from '../support/administration.js';
import { corpus } from '../support/corpus.js';
import { eventually } from '../support/eventually.js';
import { MAIN } from '../support/server.js';
import { pennypost } from './pennypost.js';

const MESSAGES = 40;
const FROM = 'From a@example.net Mon Jan  1 00:00:00 2024';
/** Larger than what is held at once. */
const LARGE_LINES = 20_000;

describe('pennypost import', () => {
  let directory = '';
  let sent: readonly StoredMail[] = [];
  let number = 0;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pennypost-import-'));
    await mailIn(inside('sent.db'), 'alice@example.org', [...corpus(MESSAGES), ...corpus(1)]);
    sent = await mailOf(inside('sent.db'), 'alice@example.org');
    for (const target of ['alice.mbox', 'alice.zip', 'maildir/', 'eml/ --format eml']) {
      const argv = ['export', 'alice@example.org', ...target.split(' '), '--db', 'sent.db'];
      expect(await pennypost(argv, { directory })).to.deep.include({ status: 0, stderr: '' });
    }
  });

  after(() => rm(directory, { recursive: true, force: true }));

  const inside = (name: string) => join(directory, name);

  /** A database with an account that has no mail. */
  async function empty(): Promise<string> {
    const name = `to-${++number}.db`;
    await accountIn(inside(name), 'bob@example.org', 'secret');
    return name;
  }

  const run = (db: string, ...argv: readonly string[]) =>
    pennypost(['import', 'bob@example.org', ...argv, '--db', db], { directory });

  async function done(db: string, ...argv: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await run(db, ...argv);
    expect({ status, stderr }, argv.join(' ')).to.deep.equal({ status: 0, stderr: '' });
    return stdout;
  }

  const mail = (db: string) => mailOf(inside(db), 'bob@example.org');
  const octets = (some: readonly StoredMail[]) => some.map((one) => one.octets);

  for (const [source, kind] of Object.entries({
    'alice.mbox': 'an mbox (mboxrd)',
    'alice.zip': 'a zip file of .eml files',
    maildir: 'a maildir',
    eml: 'a folder of .eml files',
  }))
    it(`gives back what was exported to ${source}`, async () => {
      const db = await empty();
      expect(await done(db, source, '--keep-uidl')).to.equal(
        `Imported 41 messages into bob@example.org from ${kind}.\n`,
      );
      expect(await mail(db)).to.deep.equal(sent);
    });

  it('brings nothing twice, whatever came between', async () => {
    const db = await empty();
    await done(db, 'alice.mbox');
    const [first] = await mail(db);
    expect(await done(db, 'eml')).to.equal(
      'Imported 0 messages into bob@example.org from a folder of .eml files; 41 had come before.\n',
    );
    await copyFile(inside('alice.mbox'), inside('more.mbox'));
    await appendFile(inside('more.mbox'), `${FROM}\nSubject: more\n\nmore\n`);
    expect(await done(db, 'more.mbox')).to.match(/^Imported 1 message .*; 41 had come before\.$/m);
    const now = await mail(db);
    expect([now.length, now[0]?.uidl]).to.deep.equal([MESSAGES + 2, first?.uidl]);
  });

  it('goes on where it was when it was ended', async () => {
    const db = await empty();
    await writeFile(inside('first.mbox'), (await readFile(inside('alice.mbox'))).subarray(0, 15_000));
    await done(db, 'first.mbox');
    await done(db, 'alice.mbox');
    const came = octets(await mail(db));
    for (const one of octets(sent)) expect(came).to.include(one);
  });

  it('takes messages that are the same as often as they are there', async () => {
    const db = await empty();
    const twice = `${FROM}\nSubject: x\n\nsame\n\n`.repeat(2);
    await writeFile(inside('twice.mbox'), twice);
    expect(await done(db, 'twice.mbox')).to.match(/^Imported 2 /);
    expect(await done(db, 'twice.mbox')).to.match(/^Imported 0 .*; 2 had come before/);
    await writeFile(inside('twice.mbox'), twice.repeat(2));
    expect(await done(db, 'twice.mbox')).to.match(/^Imported 2 .*; 2 had come before/);
  });

  it('reads a large message in pieces, and ends of lines as others write them', async () => {
    const db = await empty();
    const text = `Subject: large\n\n${'0123456789 éß\n'.repeat(LARGE_LINES)}no end`;
    await writeFile(inside('large.eml'), Buffer.from(text, 'latin1'));
    await writeFile(inside('odd.eml'), 'Subject: odd\r\n\r\ncr\rlf\ncrlf\r\n\r\r\n');
    expect(await done(db, 'large.eml')).to.equal('Imported 1 message into bob@example.org from a message.\n');
    await done(db, 'odd.eml');
    const [large, odd] = octets(await mail(db));
    expect(large === `${text.replaceAll('\n', '\r\n')}\r\n`).to.equal(true);
    expect(odd).to.equal('Subject: odd\r\n\r\ncr\r\nlf\r\ncrlf\r\n\r\n\r\n');
  });

  it('takes times and senders from the envelope, or from the header', async () => {
    const db = await empty();
    await mkdir(inside('times'), { recursive: true });
    const received =
      'Received: from x by y;\n\tTue, 2 Jan 2024 03:04:05 +0100 (CET)\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n';
    await writeFile(inside('times/1.eml'), `Return-Path: <b@example.net>\n${received}\nx\n`);
    await writeFile(inside('times/2.eml'), 'Date: Mon, 1 Jan 2024 00:00:00 +0000\nSubject: two\n\nx\n');
    await done(db, 'times');
    await writeFile(inside('from.mbox'), `${FROM}\nSubject: three\n\nx\n`);
    await done(db, 'from.mbox');
    expect(
      (await mail(db)).map(({ reversePath, receivedAtMs }) => [reversePath, new Date(receivedAtMs).toISOString()]),
    ).to.deep.equal([
      ['b@example.net', '2024-01-02T02:04:05.000Z'],
      ['', '2024-01-01T00:00:00.000Z'],
      ['a@example.net', '2024-01-01T00:00:00.000Z'],
    ]);
  });

  it('reads a maildir as Dovecot leaves it: flags, both folders, its order and UIDLs', async () => {
    const db = await empty();
    for (const name of ['cur', 'new', 'tmp']) await mkdir(inside(`dovecot/${name}`), { recursive: true });
    await writeFile(inside('dovecot/cur/1700000002.M5P1.host,S=20:2,RS'), 'Subject: second\n\nx\n');
    await writeFile(inside('dovecot/new/1700000001.M5P1.host'), 'Subject: third\n\nx\n');
    await writeFile(inside('dovecot/cur/1700000003.M5P1.host:2,S'), 'Subject: first\n\nx\n');
    await writeFile(inside('dovecot/tmp/1700000009.M5P1.host'), 'Subject: unfinished\n\nx\n');
    await utimes(inside('dovecot/cur/1700000003.M5P1.host:2,S'), 1_600_000_000, 1_600_000_000);
    await writeFile(
      inside('dovecot/dovecot-uidlist'),
      '3 V1700000000 N9 Gabc\n3 :1700000003.M5P1.host\n5 Pkept W30 :1700000002.M5P1.host,S=20\n',
    );
    await done(db, 'dovecot', '--keep-uidl');
    const came = await mail(db);
    expect(came.map((one) => /Subject: (\w+)/.exec(one.octets)?.[1])).to.deep.equal(['first', 'second', 'third']);
    expect(came.map(({ uidl }) => uidl).slice(0, 2)).to.deep.equal(['000000036553f100', 'kept']);
    expect(came.map(({ receivedAtMs }) => receivedAtMs)).to.deep.equal([
      1_600_000_000_000, 1_700_000_002_000, 1_700_000_001_000,
    ]);
  });

  it('finds the file of the user in a folder of mailbox files', async () => {
    const db = await empty();
    await mkdir(inside('spool'));
    await writeFile(inside('spool/alice'), `${FROM}\n\nfor alice\n`);
    await writeFile(inside('spool/bob'), `${FROM}\n\nfor bob\n`);
    await done(db, 'spool');
    expect(octets(await mail(db))).to.deep.equal(['\r\nfor bob\r\n']);
  });

  it('stops at the quota, and goes on when there is room', async () => {
    const db = await empty();
    await pennypost(['account', 'quota', 'bob@example.org', '30kB', '--db', db], { directory });
    const { status, stdout, stderr } = await run(db, 'alice.mbox');
    expect(status).to.equal(1);
    expect(stderr).to.match(/may hold no more\. Raise its quota .* or give --ignore-quota, and import again/);
    expect(stdout).to.match(/^Imported \d+ messages /);
    await done(db, 'alice.mbox', '--ignore-quota');
    expect(octets(await mail(db)).toSorted()).to.deep.equal(octets(sent).toSorted());
  });

  it('leaves out what is too large, says so, and takes the rest', async () => {
    const db = await empty();
    const { status, stdout, stderr } = await run(db, 'alice.mbox', '--max-message-size', '30kB');
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^pennypost: alice\.mbox, octet \d+ is left out: it is larger than --max-message-size, 30000 octets\.$/m,
    );
    expect(stdout).to.match(/^Imported 37 messages .*; 4 left out\.$/m);
  });

  it('refuses in one sentence what it cannot read', async () => {
    const db = await empty();
    await writeFile(inside('notes.txt'), 'just a text without any field\n');
    await writeFile(inside('broken.zip'), (await readFile(inside('alice.zip'))).subarray(0, 5000));
    await writeFile(inside('nothing'), '');
    await mkdir(inside('void'));
    for (const name of ['waits', 'uids', 'uids/cur']) await mkdir(inside(name));
    for (const name of ['fifo', 'waits/pennypost.jsonl', 'uids/dovecot-uidlist'])
      execFileSync('mkfifo', [inside(name)]);
    for (const [source, said] of Object.entries({
      'notes.txt': /begins neither as an mbox nor as a message or a zip file/,
      'broken.zip': /cannot be read as a zip file/,
      void: /is no maildir, has no \.eml files, and no mailbox file named bob@example\.org or bob/,
      'alice.mbox --format pst': /--format takes one of mboxrd, mboxo/,
      'alice.zip --format mboxrd': /does not begin with the From line/,
      'sent.db --format eml': /is an SQLite database, and no message/,
      'missing.mbox': /no such file/,
      '/dev/zero': /no regular file/,
      '/dev/zero --format eml': /no regular file/,
      'fifo --format zip': /no regular file/,
      'waits --format eml': /pennypost\.jsonl is no regular file/,
      'uids --format maildir': /dovecot-uidlist is no regular file/,
    })) {
      const { status, stderr } = await run(db, ...source.split(' '));
      expect(stderr, source)
        .to.match(said)
        .and.not.match(/\n\s+at /);
      expect(status, source).to.be.above(0);
    }
    expect(await done(db, 'nothing')).to.match(/^Imported 0 messages/);
    expect(
      (await pennypost(['import', 'nobody@example.org', 'alice.mbox', '--db', db], { directory })).stderr,
    ).to.match(/There is no account nobody@example\.org; 'pennypost account add/);
  });

  it('leaves out entries of a zip file that are damaged or lead elsewhere, and takes the others', async () => {
    const db = await empty();
    const zip = new ZipFile();
    const text = Buffer.from(`Subject: sound\n\n${'sound\n'.repeat(100)}`);
    for (const [name, compress] of Object.entries({
      'aa/aa/x.eml': false,
      'b.eml': true,
      'c.eml': false,
      'd.eml': true,
    }))
      zip.addBuffer(Buffer.concat([text, Buffer.from(name)]), name, { compress });
    zip.addBuffer(Buffer.from('Subject: t\n\nx'), '\u001b[2J.eml');
    zip.end();
    const octetsOfZip = await buffer(zip.outputStream);
    const at = (needle: string) => octetsOfZip.indexOf(needle);
    octetsOfZip.fill(0xff, at('b.eml') + 'b.eml'.length, at('b.eml') + 'b.eml'.length + 8);
    octetsOfZip.write('Y', octetsOfZip.indexOf('sound', at('c.eml')));
    for (let from = at('aa/aa/'); from !== -1; from = at('aa/aa/')) octetsOfZip.write('../../', from);
    await writeFile(inside('damaged.zip'), octetsOfZip);
    const { status, stdout, stderr } = await run(db, 'damaged.zip');
    expect(stdout).to.match(/^Imported 2 messages .*; 3 left out\.$/m);
    expect(stderr).to.match(/zip, \.\.\/\.\.\/x\.eml is left out: it has a name that leads elsewhere/);
    expect(stderr).to.match(/zip, b\.eml is left out: it is damaged/);
    expect(stderr).to.match(/zip, c\.eml is left out: it is damaged \(it does not have its checksum\)/);
    expect(status).to.equal(1);
  });

  it('shows names of files without what moves a cursor', async () => {
    const db = await empty();
    await mkdir(inside('names'));
    await writeFile(inside('names/\u001b[2J.eml'), `Subject: x\n\n${'x'.repeat(2000)}`);
    const { stderr } = await run(db, 'names', '--max-message-size', '1kB');
    expect(stderr).to.match(/^pennypost: names\/\[2J\.eml is left out/);
  });

  it('passes over times that no mail has', async () => {
    const db = await empty();
    for (const [name, from] of Object.entries({ early: 'Mon Jan  1 00:00:00 1900', late: 'Mon Jan  1 00:00:00 9999' }))
      await writeFile(
        inside(`${name}.mbox`),
        `From a@example.net ${from}\nDate: Mon, 1 Jan 2024 00:00:00 +0000\nSubject: ${name}\n\nx\n`,
      );
    for (const name of ['early', 'late']) await done(db, `${name}.mbox`);
    expect((await mail(db)).map(({ receivedAtMs }) => receivedAtMs)).to.deep.equal(Array(2).fill(Date.UTC(2024, 0, 1)));
  });

  it('passes over a file that is gone when its turn comes', async () => {
    const db = await empty();
    await cp(inside('maildir'), inside('moving'), { recursive: true });
    await symlink('nowhere', inside('moving/cur/1700000000.M1P1.host:2,S'));
    await done(db, 'moving');
    expect(octets(await mail(db))).to.deep.equal(octets(sent));
  });

  it('ends when it is told to, says so, and goes on with the next run', async () => {
    const db = await empty();
    const many = `${FROM}\nSubject: x\n\n${'y'.repeat(50)}\n\n`.repeat(15_000);
    await writeFile(inside('many.mbox'), many);
    const child = spawn(process.execPath, [MAIN, 'import', 'bob@example.org', 'many.mbox', '--db', db], {
      cwd: directory,
      env: {},
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    await eventually('some messages to come', async () => {
      const status = await statusOf(inside(db)).catch(() => undefined);
      return (status?.messagesAccepted ?? 0) > 0 || child.exitCode !== null;
    });
    child.kill('SIGINT');
    await once(child, 'close');
    expect(stderr).to.equal('pennypost: the same command goes on where it was.\n');
    const came = Number(/^Imported (\d+) messages/.exec(stdout)?.[1]);
    expect(child.exitCode).to.equal(130);
    expect(await done(db, 'many.mbox')).to.equal(
      `Imported ${15_000 - came} messages into bob@example.org from an mbox (mboxrd); ${came} had come before.\n`,
    );
  });
});
