/** A message leaves octet for octet, however it is cut, at the pace of the server, or not at all. */
import { expect } from 'chai';
import { StoreError } from '../../../src/store/errors.js';
import { ArraySource, type Source } from '../../../src/store/source.js';
import { ScriptedServer } from '../../support/scripted-server.js';
import { clientOf, connected, envelopeOf, hopTo, MESSAGE, sendTo, sourceOf, to } from './sending.js';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** Pieces that come by promises, with a count of how many were asked for. */
class SlowSource implements Source {
  readonly #pieces: readonly Uint8Array[];
  asked = 0;
  closed = 0;

  constructor(pieces: readonly Uint8Array[]) {
    this.#pieces = pieces;
  }

  async next(): Promise<Uint8Array | undefined> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.#pieces[this.asked++];
  }

  close(): void {
    this.closed += 1;
  }
}

describe('a message on its way out', () => {
  const extensions = ['8BITMIME', 'PIPELINING'];

  /** What arrives of it, in these pieces. */
  async function arrives(...pieces: readonly Buffer[]): Promise<Buffer | undefined> {
    const message = Buffer.concat(pieces);
    const envelope = envelopeOf(message, { body: '8bitmime' });
    const { outcomes, server } = await sendTo({ extensions }, { envelope, source: new ArraySource(pieces) });
    expect(outcomes[0]?.kind).to.equal('delivered');
    return server.messages[0];
  }

  it('arrives as it is: dots, empty lines, long lines, every octet', async () => {
    const octets = Buffer.from(
      Array.from({ length: 256 }, (_, octet) => octet).filter((octet) => octet !== 10 && octet !== 13),
    );
    for (const message of [
      latin1('.\r\n'),
      latin1('..\r\n.\r\n...\r\n\r\n.x\r\n'),
      latin1('\r\n\r\n\r\n'),
      latin1(`.${'x'.repeat(5000)}\r\n.${'.'.repeat(5000)}\r\n`),
      Buffer.concat([octets, latin1('\r\n.'), octets, latin1('\r\n')]),
      Buffer.alloc(0),
    ])
      expect((await arrives(message))?.equals(message), message.toString('latin1').slice(0, 20)).to.equal(true);
  });

  it('may come cut at every octet, and in single ones', async () => {
    const server = await ScriptedServer.start({ extensions });
    const connection = await connected(clientOf().connect(hopTo(server.port)));
    const message = latin1('a\r\n.b\r\n..\r\n\r\n.\r\n');
    const cuts = [
      ...Array.from({ length: message.length + 1 }, (_, at) => [message.subarray(0, at), message.subarray(at)]),
      Array.from(message, (octet) => Buffer.of(octet)),
    ];
    for (const pieces of cuts) await connection.send(envelopeOf(message), new ArraySource(pieces));
    expect(server.messages).to.have.length(cuts.length);
    for (const arrived of server.messages) expect(arrived.equals(message)).to.equal(true);
    await connection.quit();
    await server.stop();
  });

  it('has the end of its last line, and no CR or LF alone', async () => {
    expect((await arrives(latin1('no end')))?.toString()).to.equal('no end\r\n');
    expect((await arrives(latin1('a\n.b\r.c\r'), latin1('\n.d\n.\r\n')))?.toString()).to.equal(
      'a\r\n.b\r\n.c\r\n.d\r\n.\r\n',
    );
  });

  it('may be large, and waits for the server meanwhile', async () => {
    const line = Buffer.from(`.${'0123456789'.repeat(120)}\r\n`);
    const piece = Buffer.concat(Array<Buffer>(200).fill(line));
    const pieces = Array<Buffer>(84).fill(piece);
    const message = Buffer.concat(pieces);
    expect(message.length).to.be.above(20_000_000);
    let isRead = false;
    let resume = (): void => undefined;
    const isPaused = new Promise<void>((resolve) => (resume = resolve));
    const server = await ScriptedServer.start({
      extensions: ['8BITMIME'],
      onData(session) {
        if (isRead) return;
        session.pause();
        resume();
      },
    });
    const source = new SlowSource(pieces);
    const connection = await connected(clientOf().connect(hopTo(server.port)));
    const sending = connection.send(envelopeOf(message), source);
    await isPaused;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(source.asked).to.be.below(60);
    isRead = true;
    server.sessions[0]?.resume();
    const { outcomes } = await sending;
    expect(outcomes[0]?.kind).to.equal('delivered');
    expect(server.messages[0]?.equals(message)).to.equal(true);
    expect(source.closed).to.equal(1);
    await connection.quit();
    await server.stop();
  });

  it('that nobody takes any more ends at its deadline', async () => {
    const message = Buffer.alloc(20_000_000, `${'x'.repeat(98)}\r\n`);
    const client = clientOf({ deadlines: { blockMs: 200 } });
    const { outcomes } = await sendTo({ onData: (session) => session.pause() }, { message, client });
    expect(outcomes[0]).to.include({ kind: 'deferred', concerns: 'connection', command: 'message', status: '4.4.2' });
    expect(outcomes[0]?.text).to.include('took no more of the message');
  });

  it('is never completed when it cannot be read', async () => {
    const error = new StoreError('missing', 'no such message');
    for (const next of [
      () => Promise.reject(error),
      () => {
        throw error;
      },
    ]) {
      let asked = 0;
      let closed = 0;
      const source: Source = { next: () => (asked++ === 0 ? MESSAGE : next()), close: () => (closed += 1) };
      const { outcomes, server, reusable, sourceError } = await sendTo({ extensions }, { source });
      expect(outcomes[0]).to.include({ kind: 'deferred', concerns: 'message', status: '4.3.0' });
      expect(sourceError).to.equal(error);
      expect([server.messages.length, reusable, closed]).to.deep.equal([0, false, 1]);
    }
  });

  it('is never completed when it is not what was said of it', async () => {
    for (const octets of [MESSAGE.length - 1, MESSAGE.length + 1]) {
      const envelope = { ...envelopeOf(), sizeOctets: octets };
      const { outcomes, server } = await sendTo({ extensions }, { envelope });
      expect(outcomes[0]).to.include({ kind: 'deferred', concerns: 'message', status: '4.3.0' });
      expect(server.messages).to.have.length(0);
    }
  });

  it('that nobody may have is not read', async () => {
    const source = new SlowSource([MESSAGE]);
    const answer = (line: string) => (line.startsWith('RCPT') ? '550 5.1.1 unknown' : undefined);
    const { server } = await sendTo({ answer, extensions }, { source });
    expect([source.asked, source.closed]).to.deep.equal([0, 1]);
    expect(server.messages.map(String)).to.deep.equal(['']);
  });

  it('follows another over one connection, behind RSET where that one was refused (RFC 5321 §4.1.1.5)', async () => {
    for (const announced of [[], ['PIPELINING']]) {
      const server = await ScriptedServer.start({
        extensions: announced,
        answer: (line) => (line.startsWith('RCPT TO:<nobody@') ? '550 5.1.1 unknown' : undefined),
      });
      const connection = await connected(clientOf().connect(hopTo(server.port)));
      const kinds: string[] = [];
      for (const address of ['a@example.com', 'nobody@example.com', 'b@example.com', 'c@example.com']) {
        const { outcomes, reusable } = await connection.send(envelopeOf(MESSAGE, to(address)), sourceOf());
        kinds.push(outcomes[0]?.kind ?? '');
        expect(reusable).to.equal(true);
      }
      await connection.quit();
      expect(kinds).to.deep.equal(['delivered', 'failed', 'delivered', 'delivered']);
      expect(server.lines.filter((line) => line === 'RSET')).to.have.length(1);
      expect(server.sessions).to.have.length(1);
      await server.stop();
    }
  });

  it('is answered for each recipient by LMTP (RFC 2033 §4.2)', async () => {
    const replies = ['250 2.1.5 b has it', '452 4.2.2 c is full', '550 5.2.1 d is closed'];
    const answer = (line: string) => {
      if (line.startsWith('RCPT TO:<a@')) return '550 5.1.1 unknown';
      return line === '.' ? replies.join('\r\n') : undefined;
    };
    const envelope = envelopeOf(MESSAGE, to('a@example.com', 'b@example.com', 'c@example.com', 'd@example.com'));
    for (const announced of [[], ['PIPELINING']]) {
      const { outcomes } = await sendTo({ lmtp: true, answer, extensions: announced }, { envelope });
      expect(
        outcomes.map(({ kind, command, code, concerns }) => `${kind} ${command} ${code ?? 0} ${concerns}`),
      ).to.deep.equal([
        'failed RCPT 550 recipient',
        'delivered end of data 250 message',
        'deferred end of data 452 recipient',
        'failed end of data 550 recipient',
      ]);
    }
  });

  it('has arrived for those for whom LMTP said so, when the connection breaks in the middle of its answers', async () => {
    const envelope = envelopeOf(MESSAGE, to('a@example.com', 'b@example.com', 'c@example.com'));
    const { outcomes } = await sendTo(
      {
        lmtp: true,
        answer: (line, session) => (line === '.' ? session.end('250 2.1.5 a has it', '550 5.2.1 no') : undefined),
      },
      { envelope },
    );
    expect(outcomes.map(({ kind }) => kind)).to.deep.equal(['delivered', 'failed', 'unknown']);
  });
});
