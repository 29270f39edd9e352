/** A server that means harm costs its connection, at once, and nothing else. */
import { expect } from 'chai';
import { ReplyReader } from '../../../src/outbound/client/reply-reader.js';
import type { Reply } from '../../../src/outbound/client/reply.js';
import { ScriptedServer, type Script, type ScriptedSession } from '../../support/scripted-server.js';
import { clientOf, hopTo, notConnected, sendTo } from './sending.js';

/** Without an end, as long as somebody listens. */
function flood(session: ScriptedSession, text: string): void {
  const timer = setInterval(() => (session.closed ? clearInterval(timer) : session.write(text)), 1);
}

async function opened(
  script: Script,
): Promise<{ readonly text: string; readonly status: string; readonly isClosed: boolean }> {
  const server = await ScriptedServer.start(script);
  const { text, status } = await notConnected(clientOf().connect(hopTo(server.port)));
  for (let waits = 0; waits < 100 && server.sessions[0]?.closed === false; waits++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  const isClosed = server.sessions[0]?.closed === true;
  await server.stop();
  return { text, status, isClosed };
}

describe('a hostile server', () => {
  const toEhlo =
    (act: (session: ScriptedSession) => void): Script['answer'] =>
    (line, session) => {
      if (!line.startsWith('EHLO')) return undefined;
      act(session);
      return '';
    };

  for (const [what, act, told] of [
    ['lines without an end', (session) => flood(session, '250-x\r\n'.repeat(1000)), /more than 200 lines/],
    ['a line of 10 MB', (session) => session.write(Buffer.alloc(10_000_000, '2')), /longer than 4096 octets/],
    ['a line without an end', (session) => flood(session, '250 '.repeat(10)), /longer than 4096 octets/],
    ['a long line with an end', (session) => session.say(`250 ${'x'.repeat(5000)}`), /longer than 4096 octets/],
    ['NULs', (session) => session.write(Buffer.alloc(100_000)), /longer than 4096 octets/],
    ['NULs in lines', (session) => session.write('\0\0\0\r\n'), /no reply of SMTP/],
    ['codes that are none', (session) => session.say('99 x'), /no reply of SMTP/],
    ['a code of four digits', (session) => session.say('2500 x'), /no reply of SMTP/],
  ] as readonly (readonly [string, (session: ScriptedSession) => void, RegExp])[])
    it(`that sends ${what} loses its connection`, async () => {
      const { text, status, isClosed } = await opened({ answer: toEhlo(act) });
      expect(text).to.match(told);
      expect([status, isClosed]).to.deep.equal(['4.5.0', true]);
    });

  it('that greets without an end loses its connection', async () => {
    const { text, isClosed } = await opened({ greeting: '220-hello\r\n'.repeat(10_000).trim() });
    expect(text).to.match(/more than 200 lines/);
    expect(isClosed).to.equal(true);
  });

  it('that answers before it is asked is not believed', async () => {
    const { text } = await opened({ greeting: '220 hello\r\n250 mx\r\n250 fine\r\n250 fine\r\n354 go\r\n250 taken' });
    expect(text).to.match(/answered before it was asked: 250 mx/);
    const { outcomes } = await sendTo({
      answer: (line) => (line.startsWith('MAIL') ? '250 fine\r\n250 fine\r\n354 go\r\n250 taken' : undefined),
    });
    expect(outcomes[0]).to.include({ kind: 'deferred', concerns: 'connection', status: '4.5.0' });
  });

  it('puts no command or control character into what people read', async () => {
    const { outcomes } = await sendTo({
      answer: (line) => (line === '.' ? '550 \x1b]0;x\x07a\rb\x7f\u202ec\r\r\n' : undefined),
    });
    expect(outcomes[0]?.text).to.equal(']0;xa bc');
  });
});

describe('replies', () => {
  const read = (octets: string, cut: number): readonly Reply[] => {
    const replies: Reply[] = [];
    const reader = new ReplyReader();
    const bytes = Buffer.from(octets);
    reader.receive(bytes.subarray(0, cut), (reply) => replies.push(reply));
    reader.receive(bytes.subarray(cut), (reply) => replies.push(reply));
    return replies;
  };

  it('are the same wherever they are cut, with LF alone, without text, and of several codes', () => {
    const octets =
      '250-a\r\n250-\r\n250\r\n354\n550-5.1.1 x\n554 5.1.1 y\r\n421 4.3.2\r\n250 5.0.0 not of its class\r\n';
    const whole = read(octets, 0);
    expect(whole.map(({ code, status = '-', text }) => `${code} ${status} ${text}`)).to.deep.equal([
      '250 - a',
      '354 - ',
      '554 5.1.1 x y',
      '421 4.3.2 ',
      '250 - not of its class',
    ]);
    for (let cut = 1; cut < octets.length; cut++) expect(read(octets, cut)).to.deep.equal(whole);
  });
});
