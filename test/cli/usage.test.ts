/** What is typed wrongly: one clear sentence on standard error, exit status 64, and never a stack trace. */
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { freePorts } from '../support/server.js';
import { inEmptyDirectory, pennypost } from './pennypost.js';

const mistakes: readonly (readonly [typed: string, said: RegExp])[] = [
  ['acount list', /unknown command 'acount'; did you mean 'account'\? See 'pennypost --help'/],
  ['account ad a@localhost', /did you mean 'account add'\? See 'pennypost account --help'/],
  [
    'account',
    /'account add', 'account list', 'account remove', 'account quota', 'account limit', 'account keep', 'account expire', 'account forward', 'account rename', 'account autoreply', 'account passwd'/,
  ],
  ['account crdential list a@localhost', /did you mean 'account credential'\? See 'pennypost account --help'/],
  [
    'account credential',
    /type one of 'account credential add', 'account credential list', 'account credential remove'/,
  ],
  [
    'account credential ad a@localhost',
    /did you mean 'account credential add'\? See 'pennypost account credential --help'/,
  ],
  ['account credential add a@localhost', /NAME is missing/],
  [
    'account credential add a@localhost phone --scope imap',
    /--scope takes smtp, pop3, web, api or several with commas, not 'imap'/,
  ],
  ['account credential add *@localhost phone', /alias add/],
  ['account disable', /ADDRESS is missing/],
  ['account add a@localhost --password a\tb', /RFC 4013 prohibits/],
  ['account add a@localhost --password \u{1f600}', /such as an emoji/u],
  ['frobnicate', /unknown command 'frobnicate'\. See/],
  ['frobnicate --help', /unknown command 'frobnicate'/],
  ['--db x account list', /the command comes before --db/],
  ['account list --jsn', /unknown option --jsn; did you mean '--json'\? See 'pennypost account list --help'/],
  ['account list --toString x', /unknown option --toString/],
  ['account list --constructor', /unknown option --constructor/],
  ['account list --no-db', /unknown option --no-db/],
  ['account list -x', /unknown option -x/],
  ['account list --json=no', /--json takes no value/],
  ['account list --db', /--db needs a value/],
  ['account list --db a --db b', /--db may be given once only/],
  ['account add', /ADDRESS is missing/],
  ['account add a@localhost b@localhost', /'b@localhost' is one argument too many/],
  ['account add alice --password x', /'alice' is no address; one looks like alice@localhost/],
  ['account add *@localhost --password x', /alias add/],
  ['account add a@localhost', /--password-stdin/],
  ['account add a@localhost --password=', /--password needs a value/],
  ['account add a@localhost --password x --password-stdin', /exclude each other/],
  ['alias add sales@localhost', /TARGET is missing/],
  ['domain add -- -x', /'-x' is no domain name/],
  ['mail show a@localhost 0', /'0' is no message number/],
  ['mail send', /ADDRESS is missing/],
  ['serve --smtp-port x', /--smtp-port takes a whole number from 0 to 65535, not 'x'/],
  ['serve --smtp-port 0 --pop3-port 0', /nothing would listen/],
  ['serve --host 127.0.0.256', /--host takes addresses/],
  ['smtp', /needs a port: -p PORT/],
  ['pop3 mailboxes', /needs a port: -p PORT/],
  ['smtp -p 2525 --db x.db mailboxes', /MAILBOXES and --db exclude each other/],
  ['smtp -p 2525 --pop3-port 110', /unknown option --pop3-port/],
  ['config check --config missing.toml', /missing\.toml: there is no such file/],
];

describe('a mistake on the command line', () => {
  for (const [typed, said] of mistakes)
    it(`exits with 64: ${typed}`, () =>
      inEmptyDirectory(async (directory) => {
        const { status, stdout, stderr } = await pennypost(typed.split(' '), { directory });
        expect(stderr)
          .to.match(said)
          .and.not.match(/\n\s+at /);
        expect({ status, stdout, lines: stderr.trimEnd().split('\n').length }).to.deep.equal({
          status: 64,
          stdout: '',
          lines: 1,
        });
      }));

  it('refuses an empty password from standard input', () =>
    inEmptyDirectory(async (directory) => {
      const { status, stderr } = await pennypost(['account', 'add', 'a@localhost', '--password-stdin'], {
        directory,
        input: '\n',
      });
      expect(stderr).to.match(/the password is empty/);
      expect(status).to.equal(64);
    }));
});

describe('a file that cannot be read', () => {
  it('exits with 74', () =>
    inEmptyDirectory(async (directory) => {
      const { status, stderr } = await pennypost(['mail', 'send', 'a@localhost', '--file', 'none.eml'], { directory });
      expect(stderr).to.equal('pennypost: none.eml: no such file or directory.\n');
      expect(status).to.equal(74);
    }));
});

describe('a path on which nothing can be', () => {
  for (const [typed, said] of [
    ['account add a@localhost --password x --db file/mail.db', /mail\.db: .*file is no directory$/],
    ['account list --db loop/mail.db', /loop/],
    ['smtp -p PORT file/mailboxes', /file\/mailboxes: ENOTDIR/],
    ['pop3 -p PORT loop', /loop/],
    ['serve --smtp-port PORT --pop3-port 0 --lmtp-socket file/lmtp.sock', /file\/lmtp\.sock for LMTP: /],
    ['serve --smtp-port PORT --pop3-port 0 --lmtp-socket loop/lmtp.sock', /loop\/lmtp\.sock for LMTP: /],
  ] as const)
    it(`gets one sentence: ${typed}`, () =>
      inEmptyDirectory(async (directory) => {
        writeFileSync(join(directory, 'file'), '');
        symlinkSync('loop', join(directory, 'loop'));
        const [port] = await freePorts();
        const { status, stderr } = await pennypost(typed.replace('PORT', String(port)).split(' '), { directory });
        expect(stderr.trimEnd())
          .to.match(/^pennypost: .*$/)
          .and.match(said);
        expect(status).to.be.above(0);
      }));
});

describe('a Node that it does not run on', () => {
  for (const release of ['20.18.3', '18.20.8', '21.7.3'])
    it(`gets one sentence: ${release}`, () =>
      inEmptyDirectory(async (directory) => {
        const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${release}' } })`;
        const nodeArguments = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`];
        const { status, stderr } = await pennypost(['--version'], { directory, nodeArguments });
        expect(stderr).to.equal(`pennypost: Node 20.19, or 22 or later, is needed; this is ${release}.\n`);
        expect(status).to.equal(1);
      }));
});
