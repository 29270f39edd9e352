/** What became of each recipient, for each kind of answer and of silence at each step: with and without PIPELINING. */
import { expect } from 'chai';
import type { Outcome } from '../../../src/outbound/client/outcome.js';
import type { Script, ScriptedSession } from '../../support/scripted-server.js';
import { clientOf, connected, envelopeOf, hopTo, MESSAGE, sendTo, sourceOf, to } from './sending.js';
import { ScriptedServer } from '../../support/scripted-server.js';

/** As a line of a table. */
function brief({ kind, concerns, command, code = 0, status }: Outcome): string {
  return `${kind} ${concerns} ${command} ${code} ${status}`;
}

const at =
  (wanted: RegExp, act: string | ((session: ScriptedSession) => string | undefined)): Script['answer'] =>
  (line, session) =>
    wanted.test(line) ? (typeof act === 'string' ? act : act(session)) : undefined;
const destroy = (session: ScriptedSession): string => {
  session.destroy();
  return '';
};

/** Of two recipients, b and c. */
const TABLE: readonly (readonly [what: string, answer: Script['answer'], b: string, c: string])[] = [
  ['all well', undefined, 'delivered message end of data 250 2.0.0', 'delivered message end of data 250 2.0.0'],
  ['MAIL refused', at(/^MAIL/, '550 5.7.1 no'), 'failed message MAIL 550 5.7.1', 'failed message MAIL 550 5.7.1'],
  ['MAIL put off', at(/^MAIL/, '451 later'), 'deferred message MAIL 451 4.0.0', 'deferred message MAIL 451 4.0.0'],
  [
    'MAIL wants a login',
    at(/^MAIL/, '530 5.7.0 authenticate'),
    'deferred login MAIL 530 5.7.0',
    'deferred login MAIL 530 5.7.0',
  ],
  [
    'MAIL answered 421',
    at(/^MAIL/, (session) => session.end('421 4.3.2 going down')),
    'deferred connection MAIL 421 4.3.2',
    'deferred connection MAIL 421 4.3.2',
  ],
  [
    'one RCPT refused',
    at(/^RCPT TO:<b@/, '550 5.1.1 unknown'),
    'failed recipient RCPT 550 5.1.1',
    'delivered message end of data 250 2.0.0',
  ],
  [
    'one RCPT put off',
    at(/^RCPT TO:<c@/, '450 4.2.1 greylisted'),
    'delivered message end of data 250 2.0.0',
    'deferred recipient RCPT 450 4.2.1',
  ],
  [
    'all RCPT refused',
    at(/^RCPT/, '550 5.1.1 unknown'),
    'failed recipient RCPT 550 5.1.1',
    'failed recipient RCPT 550 5.1.1',
  ],
  [
    'too many recipients (RFC 5321 §4.5.3.1.10)',
    at(/^RCPT TO:<c@/, '552 too many'),
    'delivered message end of data 250 2.0.0',
    'deferred recipient RCPT 552 5.0.0',
  ],
  [
    '421 to the second RCPT',
    at(/^RCPT TO:<c@/, (session) => session.end('421 enough')),
    'deferred connection DATA 421 4.0.0',
    'deferred connection RCPT 421 4.0.0',
  ],
  [
    'closed at RCPT',
    at(/^RCPT TO:<b@/, destroy),
    'deferred connection RCPT 0 4.4.2',
    'deferred connection RCPT 0 4.4.2',
  ],
  ['DATA refused', at(/^DATA/, '554 5.5.1 no'), 'failed message DATA 554 5.5.1', 'failed message DATA 554 5.5.1'],
  ['DATA put off', at(/^DATA/, '451 4.3.0 no'), 'deferred message DATA 451 4.3.0', 'deferred message DATA 451 4.3.0'],
  [
    'DATA answered 250',
    at(/^DATA/, '250 what'),
    'deferred connection DATA 250 4.5.0',
    'deferred connection DATA 250 4.5.0',
  ],
  ['closed at DATA', at(/^DATA/, destroy), 'deferred connection DATA 0 4.4.2', 'deferred connection DATA 0 4.4.2'],
  [
    'message refused',
    at(/^\.$/, '554 5.7.1 spam'),
    'failed message end of data 554 5.7.1',
    'failed message end of data 554 5.7.1',
  ],
  [
    'message put off',
    at(/^\.$/, '452 4.3.1 full'),
    'deferred message end of data 452 4.3.1',
    'deferred message end of data 452 4.3.1',
  ],
  [
    '421 behind the message',
    at(/^\.$/, (session) => session.end('421 4.3.2 down')),
    'deferred connection end of data 421 4.3.2',
    'deferred connection end of data 421 4.3.2',
  ],
  [
    'closed behind the message',
    at(/^\.$/, destroy),
    'unknown connection end of data 0 4.4.2',
    'unknown connection end of data 0 4.4.2',
  ],
  [
    'half a reply behind the message',
    at(/^\.$/, (session) => {
      session.write('250 2.0');
      session.finish();
      return '';
    }),
    'unknown connection end of data 0 4.4.2',
    'unknown connection end of data 0 4.4.2',
  ],
  [
    'silence behind the message',
    at(/^\.$/, ''),
    'unknown connection end of data 0 4.4.2',
    'unknown connection end of data 0 4.4.2',
  ],
  ['silence at MAIL', at(/^MAIL/, ''), 'deferred connection MAIL 0 4.4.2', 'deferred connection MAIL 0 4.4.2'],
  ['silence at DATA', at(/^DATA/, ''), 'deferred connection DATA 0 4.4.2', 'deferred connection DATA 0 4.4.2'],
];

describe('what a server answers', () => {
  const shortMs = 200;
  const client = clientOf({
    deadlines: { mailMs: shortMs, rcptMs: shortMs, dataMs: shortMs, endOfDataMs: shortMs, resetMs: shortMs },
  });

  for (const extensions of [[], ['PIPELINING', 'ENHANCEDSTATUSCODES']])
    for (const [what, answer, b, c] of TABLE)
      it(`is told of each recipient: ${what}${extensions.length > 0 ? ', pipelined' : ''}`, async () => {
        const envelope = envelopeOf(MESSAGE, to('b@example.com', 'c@example.com'));
        const { outcomes, stale } = await sendTo({ extensions, ...(answer && { answer }) }, { envelope, client });
        const silent = what.startsWith('silence at') && extensions.length > 0;
        if (!silent) expect(outcomes.map(brief)).to.deep.equal([b, c]);
        else expect(outcomes.map(({ kind }) => kind)).to.deep.equal(['deferred', 'deferred']);
        expect(stale).to.equal(false);
        for (const { remote } of outcomes) expect(remote).to.include({ host: '127.0.0.1', address: '127.0.0.1' });
      });

  it('is one line of text, without control characters and of a bounded length', async () => {
    const long = 'x'.repeat(3000);
    const { outcomes } = await sendTo({
      answer: at(/^MAIL/, `550-5.7.1 first \x1b[31m\r\n550-5.7.1 se\0cond\tpart\r\n550 5.7.1 jürgen ${long}`),
    });
    expect(outcomes[0]?.text).to.match(/^first \[31m second part jürgen x+…$/);
    expect(outcomes[0]?.text.length).to.be.at.most(1001);
    const latin = await sendTo({
      answer: at(/^MAIL/, (session) => {
        session.write(Buffer.from('550 caf\xe9\r\n', 'latin1'));
        return '';
      }),
    });
    expect(latin.outcomes[0]?.text).to.equal('caf\ufffd');
  });

  it('is heard when a server refuses in the middle of a message', async () => {
    const message = Buffer.alloc(20_000_000, `${'a'.repeat(76)}\r\n`);
    let isFirst = true;
    const { outcomes, reusable } = await sendTo(
      {
        onData(session) {
          if (isFirst) session.say('552 5.3.4 too big');
          isFirst = false;
        },
      },
      { message },
    );
    expect(outcomes.map(brief)).to.deep.equal(['failed message message 552 5.3.4']);
    expect(reusable).to.equal(false);
  });

  it('counts for nothing before its question: a message that is not over has not been taken', async () => {
    const message = Buffer.alloc(20_000_000, `${'a'.repeat(76)}\r\n`);
    let isFirst = true;
    const { outcomes, server } = await sendTo(
      {
        onData(session) {
          if (isFirst) session.say('250 2.0.0 taken already');
          isFirst = false;
        },
      },
      { message },
    );
    expect(outcomes.map(brief)).to.deep.equal(['deferred connection message 0 4.5.0']);
    expect(server.messages).to.have.length(0);
  });

  it('may be cut anywhere', async () => {
    const { outcomes } = await sendTo({
      extensions: ['SIZE 1000', 'PIPELINING'],
      answer(line, session) {
        const reply = line === '.' ? '250-2.0.0 taken\r\n250 2.0.0 id\r\n' : undefined;
        for (const octet of reply ?? '') session.write(octet);
        return reply && '';
      },
    });
    expect(outcomes[0]).to.include({ kind: 'delivered', text: 'taken id' });
  });

  it('is waited for in whole replies: octets that trickle in gain no time', async () => {
    const { outcomes } = await sendTo(
      {
        answer: at(/^\.$/, (session) => {
          const timer = setInterval(() => (session.closed ? clearInterval(timer) : session.write('2')), 20);
          return '';
        }),
      },
      { client },
    );
    expect(outcomes.map(brief)).to.deep.equal(['unknown connection end of data 0 4.4.2']);
  });

  it('is not waited for without an end, however many answers come just in time', async () => {
    const slow = clientOf({ deadlines: { transactionMs: 300 } });
    const recipients = to(...Array.from({ length: 50 }, (_, index) => `r${index}@example.com`));
    const { outcomes } = await sendTo(
      {
        answer: at(/^RCPT/, (session) => {
          setTimeout(() => session.say('250 fine'), 50);
          return '';
        }),
      },
      { client: slow, envelope: envelopeOf(MESSAGE, recipients) },
    );
    expect(new Set(outcomes.map(brief))).to.deep.equal(
      new Set(['deferred connection RCPT 0 4.4.2', 'deferred connection DATA 0 4.4.2']),
    );
  });

  it('is told of a connection that was kept and closed meanwhile: the message may go again at once', async () => {
    const server = await ScriptedServer.start({});
    try {
      for (const goodbye of [
        (session: ScriptedSession) => session.end('421 4.4.2 idle for too long'),
        (session: ScriptedSession) => session.destroy(),
      ]) {
        const connection = await connected(clientOf().connect(hopTo(server.port)));
        expect(await connection.send(envelopeOf(), sourceOf())).to.include({ stale: false, reusable: true });
        goodbye(server.sessions.at(-1) as ScriptedSession);
        const result = await connection.send(envelopeOf(), sourceOf());
        expect(result).to.include({ stale: true, reusable: false });
        expect(result.outcomes[0]).to.include({ kind: 'deferred', concerns: 'connection' });
        expect(connection.reusable).to.equal(false);
      }
    } finally {
      await server.stop();
    }
  });
});
