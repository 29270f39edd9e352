/** Whatever a client sends, a line of the log and of the dialogue stays one line, and no byte of it moves a cursor. */
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { LineClient } from '../support/line-client.js';
import { Server } from '../support/server.js';

/** What one program or another takes for the end of a line, or for an order to the terminal. */
const HOSTILE = {
  CR: '\r',
  LF: '\n',
  NUL: '\0',
  ESC: '\x1b[2J',
  BEL: '\x07',
  VT: '\v',
  FF: '\f',
  DEL: '\x7f',
  NEL: '\u0085',
  CSI: '\u009b2J',
  'LINE SEPARATOR': '\u2028',
  'PARAGRAPH SEPARATOR': '\u2029',
  'RIGHT-TO-LEFT OVERRIDE': '\u202e',
  'a forged line': '\n{"level":30,"msg":"forged"}\r\n[1.1] S: 250 forged',
} as const;

const INVALID_UTF8 = Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]);
/** Letters are not: what is no UTF-8 is read as Latin-1. */
// eslint-disable-next-line no-control-regex -- exactly what a line may not hold
const UNSAFE = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffd]/;

describe('the log', () => {
  let server: Server;

  before(async () => {
    server = await Server.start({ arguments: ['-v', '--log-level', 'trace'] });
  });

  after(() => server.release());

  /** Each in a session of its own, since the first mistake may end one. */
  async function say(port: number, ...lines: readonly (string | Buffer)[]): Promise<void> {
    const client = await LineClient.greeted(port);
    for (const line of lines) client.write(Buffer.concat([Buffer.from(line), Buffer.from('\r\n')]));
    client.send('QUIT', 'QUIT', 'QUIT');
    await client.rest();
  }

  function sessions(): readonly string[] {
    return server.stdout.split('\n').filter((line) => line.includes('"msg":"session"'));
  }

  for (const [name, text] of Object.entries({ ...HOSTILE, 'invalid UTF-8': INVALID_UTF8 }))
    it(`stays in its lines when a client sends ${name}`, async () => {
      const with_ = (before: string, after = '') =>
        Buffer.concat([Buffer.from(before), Buffer.from(text as string), Buffer.from(after)]);
      const before = sessions().length;
      await say(server.smtpPort, with_('EHLO a', 'b'), with_('HELO a', 'b'));
      await say(server.smtpPort, 'EHLO me', with_('NO', 'OP'), with_('MAIL FROM:<a', '@b.example>'), with_('HELP '));
      await say(server.smtpPort, 'EHLO me', 'MAIL FROM:<>', with_('RCPT TO:<', '@localhost>'), with_('VRFY a'));
      await say(server.pop3Port, with_('USER postmaster'), with_('PASS '), with_('US', 'ER x'), with_('RETR 1'));
      await eventually('the sessions to be logged', () => sessions().length >= before + 4);
      expectWhole();
    });

  function expectWhole(): void {
    const lines = server.stdout.split('\n').slice(0, -1);
    const logged = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { msg: string });
    expect(logged.filter(({ msg }) => msg === 'forged')).to.deep.equal([]);
    for (const line of lines) expect(UNSAFE.test(line), JSON.stringify(line)).to.equal(false);
    for (const line of server.stderr.split('\n').slice(0, -1)) {
      expect(line).to.match(/^\[\d+\.[0-9a-z]+\] [CS]: /);
      expect(UNSAFE.test(line), JSON.stringify(line)).to.equal(false);
    }
  }
});
