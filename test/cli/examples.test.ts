/**
 * The examples of the commands, as their help and the manual page print them, are run as they stand, one after another beside a
 * server. Every command has one; what is left out has a reason.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { commands } from '../../src/cli/commands.js';
import { driverOf } from '../../src/store/open.js';
import { eventually } from '../support/eventually.js';
import { Server } from '../support/server.js';
import { pennypost } from './pennypost.js';

const PROCESS = fileURLToPath(new URL('../support/commands-process.js', import.meta.url));
const LETTER = 'Message-ID: <1@example.org>\r\nSubject: hello\r\n\r\ntext\r\n';
/** Of the recipients in the queue, and of the messages that are removed: as many as the examples count to. */
const MANY = 20;
const DAY_MS = 86_400_000;
/** Where the examples have absolute paths. */
const OUTSIDE = /\/(?:backup|etc\/pennypost|var\/lib\/pennypost)(?=[/.\s]|$)/g;

/** What is not an example only makes ready for one. */
const SCRIPT = [
  'domain add example.org',
  'domain quota example.org 100GiB',
  'domain quota example.org 100GiB 1000000',
  'domain quota example.org none',
  'domain list',
  'domain remove example.org',
  'account add alice@localhost --password-stdin < password.txt',
  'account remove alice@localhost',
  ...['alice@localhost', 'bob@localhost', 'office@example.org', 'bob@example.org', 'carol@localhost'].map(
    (name) => `account add ${name} --password secret`,
  ),
  'account list',
  'account list --json',
  'domain alias add example.net example.org',
  'domain remove example.net',
  'account forward alice@localhost bob@localhost',
  'account forward alice@localhost bob@localhost carol@localhost --keep',
  'account forward alice@localhost none',
  "account autoreply alice@localhost --subject 'I am away' --text away.txt",
  'account autoreply alice@localhost',
  'account autoreply alice@localhost off',
  'account quota alice@localhost 1GiB',
  'account quota alice@localhost 1GiB 50000',
  'account quota alice@localhost none',
  'account limit alice@localhost',
  'account limit alice@localhost --per-hour 1000 --per-day 5000',
  'account limit alice@localhost --per-day default',
  'account keep alice@localhost on',
  'account keep alice@localhost off',
  'account expire alice@localhost 30d',
  'account expire @localhost 90d',
  'account expire alice@localhost never',
  'account expire alice@localhost default',
  'account disable alice@localhost --refuse-mail',
  'account disable alice@localhost',
  'account enable alice@localhost',
  'account credential add alice@localhost phone',
  'account credential add alice@localhost printer --scope smtp',
  'account credential list alice@localhost',
  'account credential list alice@localhost --json',
  'account credential remove alice@localhost phone',
  'alias add sales@localhost alice@localhost bob@localhost',
  "alias add '*@localhost' alice@localhost",
  'alias add team@localhost alice@localhost carol@elsewhere.example',
  'alias list',
  'alias remove sales@localhost bob@localhost',
  'alias remove sales@localhost',
  'device add scanner --network 192.168.1.20',
  'device add nas --network 192.168.1.30 --account office@example.org --rate 100/h',
  'device set scanner --network 192.168.1.21',
  'device set nas --rate none --from nas@example.org',
  'device list',
  'device list --json',
  'device show scanner',
  'device remove scanner',
  'mail send alice@localhost < hello.eml',
  'mail send --from bob@example.org --file hello.eml alice@localhost',
  'mail list alice@localhost',
  'mail show alice@localhost 1',
  'mail index',
  'mail index --rebuild',
  "mail search alice@localhost 'invoice from:bob after:2026-01-01 has:attachment'",
  `mail search alice@localhost '"terms of payment" -draft larger:100KiB' --limit 10`,
  'export alice@localhost alice.mbox',
  'export alice@localhost mail/ --format eml',
  'export alice@localhost Maildir --format maildir',
  'import alice@localhost alice.mbox',
  'import alice@localhost Maildir --keep-uidl',
  'mail delete alice@localhost 1 2',
  ...Array.from({ length: MANY }, () => 'mail send alice@localhost --file hello.eml'),
  `mail delete alice@localhost ${Array.from({ length: MANY - 2 }, (_, at) => at + 1).join(' ')}`,
  'mail removed alice@localhost',
  'mail restore alice@localhost 17 18',
  'mail restore alice@localhost --since 2h',
  'queue list',
  'queue list --state deferred --domain example.net',
  'queue show 17',
  'queue show mx3on2yd-1.1-1',
  'queue hold 17',
  'queue release 17',
  'queue hold mx3on2yd-1.1-1',
  'queue hold --from alice@example.org',
  'queue release --state hold',
  'queue retry 17',
  'queue retry --domain example.net',
  'queue explain bob@example.net',
  'queue explain bob@example.net --from till@shop.example',
  'queue remove --from mallory@example.org --yes',
  'queue remove 17',
  'suppression add bob@example.net --reason "asked for it"',
  'suppression list',
  'suppression remove bob@example.net',
  'relay status',
  'relay status --json',
  'route add example.net smtp://mx.example.net:25',
  'route add .example.net lmtp:/run/lmtp.sock',
  'route add shop.example smtps://shop@relay.example --sender-domain --password-file /etc/pennypost/shop',
  'route add example.com hold',
  "route add example.edu 'error:5.1.2 This school has closed'",
  'route list',
  'route list --json',
  'route remove example.net',
  'route remove shop.example --sender-domain',
  'account rename alice@localhost alice.smith@localhost --alias',
  'config check',
  'config check --config /etc/pennypost.toml',
  'config show',
  'config show --json',
  'status',
  'status --json',
  'check',
  'backup /backup/mail.db',
  'reload',
];

const LEFT_OUT: readonly (readonly [examples: RegExp, why: string])[] = [
  [/^(serve|smtp|pop3)\b/, 'they run until they are stopped: everything else in test'],
  [/^account (add alice@localhost( --quota 1GiB)?|passwd alice@localhost)$/, 'they ask a person: terminal.test.ts'],
  [/^account autoreply .* --until /, 'the day passes: autoreplies.test.ts'],
  [/^doctor\b/, 'what it finds is of the machine: maintenance.test.ts'],
  [/^(check --repair|restore|rollback)\b/, 'no server may run: maintenance.test.ts'],
  [/^backup --keep 7 --every 1d/, 'it runs until it is stopped: maintenance.test.ts'],
  [/^(fetch|import \S+ pop3s:)/, 'another server has the mail: fetch.test.ts, import-pop3.test.ts'],
  [/^mail restore \S+ --to /, 'the moment passes: removed-mail.test.ts'],
  [/^relay (login|logout)\b/, 'a provider is asked: test/oauth/login.test.ts'],
];

/** Recipient 17 is of a message that has a name, and waits for its first attempt as the others do. */
async function fillQueue(db: string): Promise<void> {
  const store = await driverOf(db).open(db);
  const nowMs = Date.now();
  const times = { firstAttemptAtMs: nowMs, expiresAtMs: nowMs + 2 * DAY_MS };
  const kind = { bodyKind: '7bit', smtputf8: false, requireTls: false } as const;
  const recipients = [{ kind: 'remote', recipient: 'bob@example.net', destination: 'example.net' }] as const;
  for (const id of Array.from({ length: 17 }, (_, at) => at + 1)) {
    const trace = Buffer.from(
      `Received: from here\r\n\tby here with ESMTP id mx3on2yd-1.1-${18 - id}\r\n\tfor <bob@example.net>;\r\n\tnow\r\n`,
    );
    const reversePath = id === 16 ? 'mallory@example.org' : 'alice@example.org';
    const outgoing = { trace, ...times, ...kind };
    const delivery = store.deliver({ reversePath, receivedAtMs: nowMs, recipients, outgoing });
    await delivery.write(Buffer.from(LETTER));
    await delivery.commit();
  }
  await store.close();
}

describe('the examples of the commands', () => {
  const examples = commands.flatMap((command) => command.examples);

  it('are there for each command, and are run but for those that cannot be', () => {
    expect(commands.filter((command) => command.examples.length === 0).map(({ words }) => words)).to.deep.equal([]);
    const ofNoUse = LEFT_OUT.filter(([pattern]) => !examples.some((example) => pattern.test(example)));
    expect(ofNoUse).to.deep.equal([]);
    const isLeftOut = (example: string) => LEFT_OUT.some(([pattern]) => pattern.test(example));
    const wanted = examples.filter((example) => !isLeftOut(example));
    expect(SCRIPT).to.include.members(wanted);
  });

  describe('beside a server', () => {
    let server: Server;
    let runner: ChildProcess;
    let said = '';

    before(async () => {
      server = await Server.start({ arguments: ['--outbound', 'relay', '--relay', 'smtp://127.0.0.1:9'] });
      const { directory } = server;
      mkdirSync(join(directory, 'backup'));
      mkdirSync(join(directory, 'etc', 'pennypost'), { recursive: true });
      for (const [name, text] of [
        ...[['hello.eml', LETTER], ['away.txt', 'Back soon.\n'], ['password.txt', 'secret\n']], // prettier-ignore
        ...[['etc/pennypost/shop', 'secret\n'], ['etc/pennypost.toml', '']], // prettier-ignore
      ] as [string, string][])
        writeFileSync(join(directory, name), text, { mode: 0o600 });
      await fillQueue(server.db);
      runner = fork(PROCESS, { cwd: directory, env: {}, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
      for (const stream of [runner.stdout, runner.stderr]) stream?.on('data', (text) => (said += String(text)));
    });

    after(async () => {
      runner.kill();
      await server.release();
    });

    async function statusOf(line: string): Promise<unknown> {
      const [typed = '', file] = line.replace(OUTSIDE, (path) => join(server.directory, path)).split(' < ');
      const argv = [...typed.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((found) => found.slice(1).join(''));
      if (file !== undefined) {
        const ended = await pennypost(argv, {
          directory: server.directory,
          input: file === 'hello.eml' ? LETTER : 'secret\n',
        });
        said += ended.stderr;
        return ended.status;
      }
      runner.send(argv);
      const [status] = (await once(runner, 'message')) as [unknown];
      return status;
    }

    it('do what they say', async () => {
      for (const line of SCRIPT) {
        said = '';
        const status = await statusOf(line);
        if (status !== 0 && line.startsWith('queue '))
          // It may be being sent at this moment.
          await eventually(line, async () => (await statusOf(line)) === 0);
        else expect(status, `${line}: ${said}`).to.equal(0);
      }
    }).timeout(60_000);
  });
});
