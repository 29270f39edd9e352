/**
 * CR, LF and NUL in every place of every command of both protocols, in every state: the command is refused whole, nothing
 * of it is done, and replies stay in step. Generated from the tables, so that a new command is tested by being there.
 * What only looks like a line's end to somebody else (an escape, another alphabet's newline) never becomes one here.
 */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import { pop3 } from '../../src/pop3/protocol.js';
import { mx as smtp } from '../../src/smtp/protocol.js';
import { MemoryChannel, turn } from '../support/dialogue-channel.js';
import { beginPop3, beginSmtp } from '../support/dialogue-faults.js';
import { DOMAIN, Stage } from '../support/dialogue-stage.js';

const NAME = 'alice';
const PASSWORD = 'secret';
const MAIL = [`MAIL FROM:<bob@sender.example>`, `RCPT TO:<${NAME}@${DOMAIN}>`];

interface Place {
  readonly state: string;
  /** What brings a session there; each is answered by one line, EHLO's reply excepted. */
  readonly prelude: readonly string[];
  /** What the state still allows when nothing was done to it, and what is answered. */
  readonly proof: readonly (readonly [line: string, answer: RegExp])[];
}

interface Subject {
  readonly name: string;
  readonly verbs: readonly string[];
  /** Of a command as the table gives it, and of none in particular. */
  readonly lines: readonly string[];
  readonly refusal: RegExp;
  readonly places: readonly Place[];
  begin(heard: string[]): Talk;
}

const SUBJECTS = (stage: () => Stage): readonly Subject[] => [
  {
    name: 'SMTP',
    verbs: [...smtp.commands.keys()],
    lines: linesOf(smtp.commands),
    refusal: /^500 5\.5\.2 A command is one line /,
    places: [
      { state: 'start', prelude: ['NOOP'], proof: [['MAIL FROM:<>', /^503 5\.5\.1 EHLO/]] },
      { state: 'greeted', prelude: ['HELO client.example'], proof: [['RCPT TO:<alice>', /^503 5\.5\.1 MAIL/]] },
      {
        state: 'transaction',
        prelude: ['HELO client.example', ...MAIL],
        proof: [
          ['DATA', /^354 /],
          ['Subject: whole\r\n\r\nHello.\r\n.', /^250 /],
        ],
      },
      {
        state: 'chunking',
        prelude: ['HELO client.example', ...MAIL, 'BDAT 2\r\nx:'],
        proof: [['BDAT 4 LAST\r\n y\r', /^250 2\.0\.0 Accepted/]],
      },
    ],
    begin: (heard) => talkTo(beginSmtp(stage().store, { tireless: true, heard: (text) => heard.push(text) })),
  },
  {
    name: 'POP3',
    verbs: [...pop3.commands.keys()],
    lines: linesOf(pop3.commands),
    refusal: /^-ERR A command is one line /,
    places: [
      { state: 'authorization', prelude: ['UTF8'], proof: [['STAT', /^-ERR /]] },
      { state: 'user', prelude: [`USER ${NAME}`], proof: [[`PASS ${PASSWORD}`, /^\+OK /]] },
      {
        state: 'transaction',
        prelude: [`USER ${NAME}`, `PASS ${PASSWORD}`, 'DELE 2'],
        proof: [
          ['STAT', /^\+OK 2 /],
          ['RSET', /^\+OK /],
          ['STAT', /^\+OK 3 /],
        ],
      },
    ],
    begin: (heard) => talkTo(beginPop3(stage().store, { tireless: true, heard: (text) => heard.push(text) })),
  },
];

/** A session with its client. */
interface Talk {
  readonly channel: MemoryChannel;
  readonly bugs: readonly unknown[];
}

function talkTo({ channel, bugs }: Talk): Talk {
  return { channel, bugs };
}

/** Each command as its own help shows it, and with an argument, whether it takes one or not. */
function linesOf(table: ReadonlyMap<string, { readonly help: { readonly example: string } }>): readonly string[] {
  return [...table].flatMap(([verb, { help }]) => [help.example, `${verb} argument`]);
}

function insertions(line: string, odd: string): readonly Buffer[] {
  const bytes = Buffer.from(line);
  return Array.from({ length: bytes.length + 1 }, (_, at) =>
    Buffer.concat([bytes.subarray(0, at), Buffer.from(odd, 'latin1'), bytes.subarray(at), Buffer.from('\r\n')]),
  );
}

/** Bytes that are part of a line's end, without being one. */
const PARTS = ['\r', '\n', '\0', '\r\r', '\n\n', '\n\r', '\0\n'];

/** Bytes that others have taken for a line's end, or would become one if somebody decoded them. Latin-1. */
const DISGUISES = [
  ...['\x0b', '\x0c', '\x1b', '\x85', '\x8d', '\xc2\x85', '\xe2\x80\xa8', '\xe2\x80\xa9'],
  ...['\xc0\x8d\xc0\x8a', '\xe0\x80\x8d\xe0\x80\x8a'], // Overlong.
  ...['\xe5\x98\x8d\xe5\x98\x8a', '\xc4\x8d\xc4\x8a'], // U+560D U+560A, U+010D U+010A: cut to a byte, CR LF.
  ...['%0d%0a', '%00', '\\r\\n', '+0D+0A', '+00', '=0D=0A', '&#13;&#10;', '\\015\\012', '^M^J', '\\\\\\'],
];

describe('CR, LF and NUL', () => {
  let stage: Stage;
  const messages = ['one', 'two', 'three'].map((text) => Buffer.from(`Trace: ${text}\r\nSubject: ${text}\r\n\r\n`));

  before(async () => {
    stage = await Stage.set([{ kind: 'account', name: NAME, password: PASSWORD, messages }]);
  });

  afterEach(async () => {
    MemoryChannel.dropAll();
    await turn();
    await stage.reset();
  });

  after(() => stage.close());

  async function enter(subject: Subject, { prelude }: Place, heard: string[] = []): Promise<Talk> {
    const talk = subject.begin(heard);
    await talk.channel.line();
    for (const line of prelude) {
      talk.channel.send(`${line}\r\n`.replace(/(BDAT \d+\r\n.*)\r\n$/, '$1'));
      expect(await talk.channel.line(), line).to.match(/^(?:2|\+OK|-ERR UTF8)/);
    }
    heard.length = 0;
    return talk;
  }

  for (const subject of SUBJECTS(() => stage)) {
    for (const place of subject.places)
      it(`in any place of any command of ${subject.name} refuse it whole (${place.state})`, async () => {
        const heard: string[] = [];
        const { channel, bugs } = await enter(subject, place, heard);
        const before = stage.messages(NAME).length;
        for (const line of subject.lines)
          for (const odd of PARTS)
            for (const sent of insertions(line, odd)) {
              if (isOneLine(sent)) continue;
              channel.send(sent);
              const answer = await channel.line();
              if (answer === undefined || !subject.refusal.test(answer))
                expect(`${JSON.stringify(sent.toString('latin1'))}: ${answer}`).to.match(subject.refusal);
              if (channel.said !== '') expect(channel.said, JSON.stringify(sent.toString('latin1'))).to.equal('');
            }
        expect(heard, 'nothing of it is shown or done').to.deep.equal([]);
        for (const [line, answer] of place.proof) {
          channel.send(`${line}\r\n`.replace(/^(BDAT .*\r)\r\n$/s, '$1\n'));
          expect(await channel.line(), line).to.match(answer);
        }
        await turn();
        expect(channel.said).to.equal('');
        expect(stage.messages(NAME).length - before).to.equal(/^Sub|^BDAT/.test(place.proof.at(-1)?.[0] ?? '') ? 1 : 0);
        expect(bugs).to.deep.equal([]);
      });

    for (const place of subject.places)
      it(`in disguise, in any place of any command of ${subject.name}, stay in their line (${place.state})`, async () => {
        for (const line of subject.lines)
          for (const disguise of DISGUISES)
            for (const sent of insertions(line, disguise)) await staysInStep(subject, place, sent);
      }).timeout(120_000);
  }

  /** One reply for the line and one for the next; or one and the end. No reply has what the client said on a line of its own. */
  async function staysInStep(subject: Subject, place: Place, sent: Buffer): Promise<void> {
    const heard: string[] = [];
    const { channel, bugs } = await enter(subject, place, heard);
    channel.send(Buffer.concat([sent, Buffer.from('HELP\r\n')]));
    const label = JSON.stringify(sent.toString('latin1'));
    const first = await finalLine(channel);
    const second = channel.over && channel.said === '' ? undefined : await finalLine(channel);
    await turn();
    if (second === undefined) expect(channel.over, label).to.equal(true);
    else expect(second, label).to.match(/^(?:214 |\+OK )/);
    expect(first, label).to.match(/^(?:[245]\d\d |\+OK|-ERR)/);
    expect(heard.join(), label).to.not.match(/[\r\n\0]/);
    expect(bugs, label).to.deep.equal([]);
    channel.drop();
  }

  async function finalLine(channel: MemoryChannel): Promise<string> {
    for (;;) {
      const line = await channel.line();
      if (line === undefined || !/^\d{3}-/.test(line)) return line ?? '';
      expect(line).to.not.match(/[\r\n]/);
    }
  }
});

/** A CR put before the CRLF's own, or an LF behind it, may be no change at all. */
function isOneLine(sent: Buffer): boolean {
  return !/[\r\n\0]/.test(sent.toString('latin1').replace(/\r\n$/, ''));
}
