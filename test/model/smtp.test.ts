/**
 * Random sequences of SMTP against the model: valid and invalid commands in any order and case, bodies with dots,
 * bare newlines and too many octets, chunks, groups that are pipelined. Every reply and every maildrop must agree.
 */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { Session } from '../../src/session/session.js';
import { mx as smtp } from '../../src/smtp/protocol.js';
import { stages } from '../../src/smtp/stages.js';
import { authenticatorOf } from '../support/authenticator.js';
import { MemoryChannel, turn } from '../support/dialogue-channel.js';
import { Stage } from '../support/dialogue-stage.js';
import { domainOf, inLanes, LANES, type Lane } from './lanes.js';
import { bytes, foresee, MESSAGE_LIMIT_BYTES, RECIPIENTS, SENDERS, type Mail } from './smtp.js';

const RUNS = 10_000;
/** So many take half a minute of processor time, and others may need it too. */
const TIMEOUT_MS = 240_000;
/** A maildrop is emptied when it holds more than this: emptying costs a sync, looking costs a read for each message. */
const KEPT = 12;
/** Fewer errors than usual, so that the limit is reached; and refusals that do not wait. */
const LIMITS = { ...smtp.limits, errorLimit: 9, errorDelayMs: 0 };
const MANNERS = { ...LIMITS, closesOnForeign: true };
const TRACE = /^Return-Path: [^\r]*\r\nDelivered-To: ([^\r@]*)[^\r]*\r\nReceived: [^\r]*(?:\r\n\t[^\r]*)*\r\n/;

/** A group of commands, and whether the client waits for all its replies before it says more. */
interface Group {
  readonly text: string;
  readonly waits: boolean;
}

const cased = (line: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(line, fc.constantFrom('as it is', 'upper', 'mixed')).map(([text, how]) => {
    if (how === 'as it is') return text;
    if (how === 'upper') return text.replace(/^[a-z]+( from| to)?/, (verb) => verb.toUpperCase());
    return text.replace(/^[a-z]+( from| to)?/, (verb) => verb.replace(/[aeo]/g, (vowel) => vowel.toUpperCase()));
  });

const good = <K>(table: ReadonlyMap<string, K>, isGood: (value: K) => boolean): readonly string[] =>
  [...table].filter(([, value]) => isGood(value)).map(([text]) => text);

const hello = fc.constantFrom('ehlo client.example', 'ehlo client.example', 'helo c', 'ehlo [192.0.2.1]  ');
const sender = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...good(SENDERS, (code) => code === 250)) },
  { weight: 2, arbitrary: fc.constantFrom(...SENDERS.keys()) },
);
const recipient = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...good(RECIPIENTS, (found) => typeof found !== 'number')) },
  { weight: 2, arbitrary: fc.constantFrom(...RECIPIENTS.keys()) },
);
const odd = fc.constantFrom(
  ...[
    '',
    ' ',
    ' noop',
    'ehlo',
    'ehlo a b',
    'helo ',
    'ehlo  client.example',
    'mail',
    'mail from',
    'mail to:<a@b.example>',
  ],
  ...['rcpt', 'rcpt from:<anna@example.org>', 'data now', 'rset now', 'quit now', 'vrfy', 'expn', 'help nothing'],
  ...[
    'onex',
    'lhlo x',
    '.',
    '..',
    'noop\0',
    'noop\r',
    'no\nop',
    'noop \xff',
    'noop\t',
    'rset\n',
    '\trset\t',
    'noop\tx',
  ],
  ...['get / HTTP/1.1', 'post / HTTP/1.1', 'host: mx.example.org', 'help 1'],
  ...['\n.\r', 'turn', `noop ${'x'.repeat(LIMITS.lineLimitBytes)}`, `noop ${'x'.repeat(LIMITS.lineLimitBytes - 5)}`],
);
const harmless = fc.constantFrom(
  'noop',
  'noop one two',
  'rset',
  'rset ',
  'vrfy anna',
  'expn staff',
  'help',
  'help mail',
);

const lines = fc.array(
  fc.constantFrom(
    ...[
      'one',
      'one',
      '',
      'Subject: x',
      'RSET',
      'QUIT',
      'MAIL FROM:<>',
      'DATA',
      'BDAT 3 LAST',
      bytes('ünal'),
      '\0',
      '\xff',
    ],
    ...['.', '..', '...', '.x', 'x'.repeat(90)],
  ),
  { maxLength: 4 },
);
/** Lines of which some have other ends than CRLF. */
const text = fc
  .tuple(lines, fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r'), fc.nat(3))
  .map(([several, end, at]) => several.map((line, index) => `${line}${index === at ? end : '\r\n'}`).join(''));
const stuffing = fc.constantFrom(true, true, true, true, false);
const body = fc.tuple(text, stuffing).map(([content, stuffs]) => {
  const stuffed = stuffs ? content.replace(/(^|\r\n)\./g, '$1..') : content;
  return `${stuffed}${stuffed === '' || stuffed.endsWith('\r\n') ? '' : '\r\n'}.\r\n`;
});

const last = fc.constantFrom('', '', ' last', ' LAST', '  Last ');
/** Text cut in up to three chunks, anywhere; what says LAST need not be the last. */
const chunks = fc
  .tuple(text, fc.array(fc.nat(60), { maxLength: 2 }), last, last, fc.constantFrom(' last', ' last', ''))
  .map(([content, cuts, first, second, third]) => {
    const [from = 0, to = from] = cuts.toSorted((a, b) => a - b);
    const parts = [content.slice(0, from), content.slice(from, to), content.slice(to)];
    const marks = [first, second, third];
    return parts.map((part, at) => `bdat ${part.length}${marks[at] ?? ''}\r\n${part}`);
  });
const badChunk = fc.constantFrom(
  ...['bdat', 'bdat last', 'bdat -1', 'bdat 1 2', 'bdat 0x10', 'bdat 3 last last', 'bdat 1234567890123456'].map(
    (line) => `${line}\r\nRSET\r\n`,
  ),
  ...[
    'bdat 0\r\n',
    'bdat 0 last\r\n',
    'bdat 2 last\r\n\r\n',
    'bdat 1\r\n\r',
    'bdat 1 last\r\n\n',
    'bdat 6\r\nQUIT\r\n',
  ],
  'bdat 999999999999999\r\n',
  `bdat 201\r\n${'x'.repeat(201)}`,
  `bdat 190\r\n${'x'.repeat(190)}`,
  `bdat 190 last\r\n${'x'.repeat(188)}\r\n`,
);

const line = (of: fc.Arbitrary<string>) => cased(of).map((said) => [`${said}\r\n`]);
const mail = line(sender.map((argument) => `mail ${argument}`));
const rcpt = line(recipient.map((argument) => `rcpt ${argument}`));
const data = fc
  .tuple(line(fc.constantFrom('data', 'data', 'data  ')), body)
  .map(([[command = ''], said]) => [command, said]);
const quit = line(fc.constantFrom('quit', 'quit '));
const joined = (...parts: readonly fc.Arbitrary<readonly string[]>[]) => fc.tuple(...parts).map((all) => all.flat());
const tidy = fc.constantFrom([], ['rset\r\n'], ['RSET\r\n']);
const broken = badChunk.map((said) => [said]);
const message = joined(tidy, mail, rcpt, data);
const chunked = joined(tidy, mail, rcpt, chunks);

/** Commands alone and in the order that makes sense, so that every state is reached often. */
const move = fc.oneof(
  { weight: 7, arbitrary: message },
  { weight: 7, arbitrary: chunked },
  { weight: 2, arbitrary: joined(tidy, mail, rcpt, rcpt, rcpt) },
  { weight: 2, arbitrary: line(hello) },
  { weight: 3, arbitrary: mail },
  { weight: 4, arbitrary: rcpt },
  { weight: 3, arbitrary: data },
  { weight: 3, arbitrary: chunks },
  { weight: 1, arbitrary: broken },
  { weight: 3, arbitrary: joined(tidy, mail, rcpt, broken) },
  { weight: 3, arbitrary: line(harmless) },
  { weight: 3, arbitrary: line(odd) },
  { weight: 1, arbitrary: quit },
);
const opening = fc.oneof(
  { weight: 18, arbitrary: line(hello) },
  { weight: 2, arbitrary: line(harmless) },
  { weight: 1, arbitrary: line(fc.constantFrom('get / HTTP/1.1', 'user anna', 'xyzzy', '', 'noop\0', 'mail from:<>')) },
);
const sequence: fc.Arbitrary<readonly Group[]> = fc
  .tuple(opening, fc.array(move, { maxLength: 8 }), fc.infiniteStream(fc.boolean()))
  .map(([first, moves, waits]) =>
    [...first, ...moves.flat()].map((said) => ({ text: said, waits: waits.next().value as boolean })),
  );

describe('SMTP, held against a model of RFC 5321', function () {
  this.timeout(TIMEOUT_MS);
  let stage: Stage;
  const met = new Map<number, number>();
  let stored = 0;

  before(async () => {
    const lanes = Array.from({ length: LANES }, (_, number) => domainOf(number));
    stage = await Stage.set(
      lanes.flatMap((domain) => [
        { kind: 'domain', name: domain } as const,
        { kind: 'account', name: `anna@${domain}`, password: 'secret', messages: [] } as const,
        { kind: 'account', name: `bert@${domain}`, password: 'secret', messages: [] } as const,
        { kind: 'alias', name: `both@${domain}`, targets: [`anna@${domain}`, `bert@${domain}`] } as const,
      ]),
    );
  });
  after(() => stage.close());
  afterEach(() => MemoryChannel.dropAll());

  it('answers and stores what the model says', async () => {
    await inLanes(stage, RUNS, sequence, async (lane, groups) => {
      const before = { anna: lane.uids('anna').length, bert: lane.uids('bert').length };
      const foreseen = await converse(lane, groups);
      for (const name of ['anna', 'bert'] as const) {
        expect(newMail(lane, name, before[name]), name).to.deep.equal(copies(foreseen.mail, name));
        if (before[name] > KEPT) await lane.empty(name);
      }
      for (const code of foreseen.replies) met.set(code, (met.get(code) ?? 0) + 1);
      stored += foreseen.mail.length;
    });
    console.log(`      ${stored} messages; replies ${JSON.stringify(Object.fromEntries(met))}`);
    // A generator that never gets anywhere proves nothing.
    expect([...met.keys()]).to.include.members([250, 354, 421, 500, 501, 503, 550, 552, 553, 555]);
  });

  async function converse(lane: Lane, groups: readonly Group[]) {
    const { channel, bugs, ended } = begin(lane);
    let stream = '';
    const heard: number[] = [];
    for (const { text: said, waits } of groups) {
      stream += said;
      channel.send(Buffer.from(said, 'latin1'));
      if (!waits) continue;
      const { replies } = foresee(stream, MANNERS);
      while (heard.length < replies.length) heard.push(await reply(channel));
      expect(heard, stream).to.deep.equal(replies);
    }
    const foreseen = foresee(stream, MANNERS);
    while (heard.length < foreseen.replies.length) heard.push(await reply(channel));
    expect(heard, stream).to.deep.equal(foreseen.replies);
    expect(channel.over, 'closed').to.equal(foreseen.closed);
    channel.halfClose();
    await ended;
    expect(channel.said, 'nothing more is said').to.equal('');
    expect(bugs, 'bugs').to.deep.equal([]);
    return foreseen;
  }

  function begin(lane: Lane) {
    const channel = new MemoryChannel();
    const bugs: unknown[] = [];
    let messages = 0;
    const context = {
      peer: channel.peer,
      ...{ session: 's', protocol: 'model' },
      offersTls: false,
      counters: { accepted: 0, refused: 0, octets: 0 },
      settings: {
        hostname: 'mx.example.org',
        domain: lane.domain,
        maxMessageSize: MESSAGE_LIMIT_BYTES,
        bareNewlines: 'refuse' as const,
        outbound: 'off' as const,
        queueLifetime: 0,
        maxRecipientsPerHour: undefined,
        maxRecipientsPerDay: undefined,
        delayWarning: 0,
      },
      store: lane.store,
      autoreplies: lane.store.autoreplies,
      suppressions: lane.store.queuedMail,
      routes: lane.store.routes,
      authenticator: authenticatorOf(lane.store),
      observer: {
        overLimit: () => undefined,
        suppressed: () => undefined,
        untold: () => undefined,
        unanswered: () => undefined,
      },
      table: smtp.commands,
      stages,
      nextId: () => `s-${++messages}`,
    };
    const ended = new Promise<void>((resolve) => {
      const observer = { bug: (error: unknown) => bugs.push(error), ended: () => resolve() };
      new Session({ ...smtp, limits: LIMITS }, channel, context, observer).start();
    });
    return { channel, bugs, ended: ended.then(turn) };
  }
});

async function reply(channel: MemoryChannel): Promise<number> {
  for (;;) {
    const text = await channel.line();
    if (text === undefined) return 0;
    if (text[3] === ' ') return Number(text.slice(0, 3));
  }
}

/** The copies that came: as whom, and what. */
function newMail(lane: Lane, name: string, known: number): readonly string[] {
  return lane
    .messages(name)
    .slice(known)
    .map((message) => message.replace(TRACE, '$1: '))
    .toSorted();
}

/** A last line without its end gets one: POP3 could not send it otherwise. */
function copies(all: readonly Mail[], name: string): readonly string[] {
  return all
    .flatMap(({ to, body: content }) =>
      to
        .filter((address) => address.split('+')[0] === name)
        .map((address) => `${address}: ${content}${content === '' || content.endsWith('\r\n') ? '' : '\r\n'}`),
    )
    .toSorted();
}
