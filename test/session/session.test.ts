/** What dialogues cannot say: bugs, back-pressure, clocks, and a server that stops. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import { RATE_WINDOW_MS } from '../../src/session/limits.js';
import { MemoryChannel, turn } from '../support/dialogue-channel.js';
import { begin, gate, PIECE_BYTES, PIECES, toy } from '../support/dialogue-protocol.js';

/** Between two readings of the clock. */
const MARGIN_MS = 1_000;
const PAUSE_MS = 30;

function lines(said: string): readonly string[] {
  return said.split('\r\n').slice(0, -1);
}

afterEach(() => MemoryChannel.dropAll());

describe('a session', () => {
  it('greets, and answers a group in one write', () => {
    const { channel } = begin();
    expect(channel.said).to.equal('welcome\r\n');
    expect(channel.writes).to.equal(1);
    channel.send('ECHO 1\r\nOPEN x\r\nNOPE\r\nECHO 2\r\n');
    expect(lines(channel.said)).to.deep.equal(['welcome', 'echo 1', 'opened', 'unknown NOPE open', 'echo 2']);
    expect(channel.writes).to.equal(2);
  });

  it('answers what waits behind a command that is not done only when it is', async () => {
    const { channel, context } = begin();
    const late = gate();
    context.wait = () => late.promise;
    channel.send('ECHO 1\r\nLATE x\r\nGATED\r\n');
    channel.send('ECHO 2\r\n');
    await turn();
    expect(lines(channel.said)).to.deep.equal(['welcome', 'echo 1']);
    late.open();
    await turn();
    expect(lines(channel.said)).to.deep.equal(['welcome', 'echo 1', 'late', 'passed', 'echo 2']);
  });

  it('stops reading when too much comes meanwhile, and goes on afterwards', async () => {
    const { channel, context } = begin();
    const late = gate();
    context.wait = () => late.promise;
    channel.send('LATE x\r\n');
    channel.send('ECHO 0123\r\n'.repeat(80));
    expect(channel.paused).to.equal(false);
    channel.send('ECHO 4567\r\n'.repeat(20));
    expect(channel.paused).to.equal(true);
    late.open();
    await turn();
    expect(channel.paused).to.equal(false);
    expect(lines(channel.said)).to.have.length(102);
  });

  it('stops reading under TLS too, also when it had stopped in clear', async () => {
    const { channel, context } = begin();
    const late = gate();
    context.wait = () => late.promise;
    channel.send('LATE x\r\n');
    channel.send(`${'ECHO 0123\r\n'.repeat(100)}SECURE\r\n`);
    expect(channel.paused).to.equal(true);
    late.open();
    await turn();
    channel.handshake();
    await turn();
    expect(channel.paused).to.equal(false);
    context.wait = () => new Promise(() => undefined);
    channel.send('LATE x\r\n');
    channel.send('ECHO 0123\r\n'.repeat(100));
    expect(channel.paused).to.equal(true);
    channel.drop();
  });

  it('counts what failed, and says so when it was too much', async () => {
    const { channel, ends } = begin();
    channel.send('FAIL\r\nFAIL\r\nECHO 1\r\nFAIL\r\n');
    expect(channel.over).to.equal(false);
    channel.send('FAIL\r\nECHO 2\r\n');
    expect(lines(channel.said).slice(-2)).to.deep.equal(['failed', 'too many errors']);
    await turn();
    expect(ends).to.have.length(1);
    expect(ends[0]).to.include({ outcome: 'errors', commands: 5, errors: 4 });
  });

  it('shows no secret, and no argument of a verb that it does not know', () => {
    const { channel, heard } = begin();
    channel.send('secret hunter2\r\necho hello  \r\nPASSWORD hunter2\r\nSHUT\r\nNOPE\r\n');
    expect(heard).to.deep.equal(['SECRET ****', 'ECHO hello', 'PASSWORD ****', 'SHUT', 'NOPE']);
  });

  for (const [how, act, outcome] of [
    ['says BYE', 'BYE\r\n', 'quit'],
    ['is too often wrong', 'FAIL\r\n'.repeat(4), 'errors'],
    ['meets a bug', 'BUG\r\n', 'bug'],
  ] as const)
    it(`whose client ${how} ends as ${outcome}, and gives its state back`, async () => {
      const { channel, context, ends } = begin();
      channel.send(`OPEN x\r\n${act}`);
      await turn();
      expect(ends.map((end) => end.outcome)).to.deep.equal([outcome]);
      expect(context.done).to.deep.equal(['abandoned open']);
    });

  it('that is dropped, or broken, ends as that', () => {
    const dropped = begin();
    dropped.channel.drop();
    expect(dropped.ends.map(({ outcome }) => outcome)).to.deep.equal(['dropped']);
    const broken = begin();
    broken.channel.drop(Object.assign(new Error('read'), { code: 'ECONNRESET' }));
    expect(broken.ends.map(({ outcome }) => outcome)).to.deep.equal(['broken: ECONNRESET']);
  });

  it('hears nothing after its end', () => {
    const { channel, session } = begin();
    channel.send('BYE\r\nECHO 1\r\n');
    session.receive(Buffer.from('ECHO 2\r\n'));
    expect(lines(channel.said)).to.deep.equal(['welcome', 'bye']);
  });

  it('that is dropped while a command runs gives back what the command brings', async () => {
    const { channel, context, ends } = begin();
    const late = gate();
    context.wait = () => late.promise;
    channel.send('LATE x\r\n');
    channel.drop();
    expect(ends).to.have.length(1);
    expect(context.done).to.deep.equal([]);
    late.open();
    await turn();
    expect(context.done).to.deep.equal(['abandoned open']);
    expect(channel.said).to.equal('welcome\r\n');
  });
});

describe('a bug', () => {
  for (const [where, send] of [
    ['in a command', 'BUG\r\n'],
    ['in a command, later', 'LATEBUG\r\n'],
    ['in a sink', 'BADSINK\r\ntext\r\n'],
  ] as const)
    it(`${where} is reported, answered without its text, and ends the session only`, async () => {
      const { channel, bugs, ends } = begin();
      channel.send(`ECHO 1\r\n${send}ECHO 2\r\n`);
      await turn();
      await turn();
      expect(bugs).to.have.length(1);
      expect(bugs[0])
        .to.be.an('error')
        .with.property('message')
        .that.matches(/^secret text/);
      expect(lines(channel.said).filter((line) => line !== 'go on')).to.deep.equal(['welcome', 'echo 1', 'internal']);
      expect(channel.over).to.equal(true);
      expect(ends.map(({ outcome }) => outcome)).to.deep.equal(['bug']);
    });

  it('in the middle of a long reply closes, without a word that could be taken for the rest of it', async () => {
    const { channel, context, bugs } = begin();
    channel.send('LONG 1\r\nECHO 1\r\n');
    await turn();
    expect(bugs).to.have.length(1);
    expect(context.done).to.deep.equal(['piece', 'over', 'abandoned shut']);
    expect(channel.over).to.equal(true);
    expect(channel.said).to.equal(`welcome\r\nlong\r\n${'x'.repeat(PIECE_BYTES)}`);
  });

  it('at the end of a body, if it is a StoreError, is a refusal and no bug', async () => {
    const { channel, bugs } = begin();
    channel.send('BADEND\r\ntext\r\n.\r\nECHO 1\r\n');
    await turn();
    expect(lines(channel.said)).to.deep.equal(['welcome', 'go on', 'store full', 'echo 1']);
    expect(bugs).to.deep.equal([]);
  });
});

describe('back-pressure', () => {
  it('stops a long reply until the client took what was written', () => {
    const { channel, context } = begin();
    channel.hasRoom = false;
    channel.send('LONG\r\nECHO 1\r\n');
    const made = () => context.done.filter((what) => what === 'piece').length;
    const first = made();
    expect(first).to.be.within(1, 8);
    expect(channel.said.length).to.be.lessThan(PIECES * PIECE_BYTES);
    channel.send('ECHO 2\r\n');
    expect(made()).to.equal(first);
    expect(channel.said).to.not.contain('echo');

    channel.drain();
    expect(made()).to.equal(PIECES);
    expect(channel.said).to.match(/\r\nend\r\necho 1\r\necho 2\r\n$/);
    expect(channel.said.length).to.equal(
      'welcome\r\nlong\r\n\r\nend\r\necho 1\r\necho 2\r\n'.length + PIECES * PIECE_BYTES,
    );
  });

  it('makes no more of a long reply than the client takes', () => {
    const { channel, context, session } = begin();
    const made = () => context.done.filter((what) => what === 'piece').length;
    channel.hasRoom = false;
    channel.send('LONG\r\n');
    let before = 0;
    while (made() < PIECES) {
      expect(made() - before).to.be.within(1, 8);
      before = made();
      session.drained();
    }
  });

  it('runs no command while what was said waits', () => {
    const { channel, heard } = begin();
    channel.hasRoom = false;
    channel.send('ECHO 1\r\n');
    channel.send('ECHO 2\r\n');
    expect(heard).to.deep.equal(['ECHO 1']);
    channel.drain();
    expect(heard).to.deep.equal(['ECHO 1', 'ECHO 2']);
    expect(lines(channel.said)).to.deep.equal(['welcome', 'echo 1', 'echo 2']);
  });

  it('stops reading when the client sends much and takes nothing', () => {
    const { channel } = begin();
    channel.hasRoom = false;
    channel.send('ECHO 1\r\n');
    channel.send('ECHO 0123\r\n'.repeat(100));
    expect(channel.paused).to.equal(true);
    channel.drain();
    expect(channel.paused).to.equal(false);
    expect(lines(channel.said)).to.have.length(102);
  });

  it('ends a long reply that nobody waits for any more', () => {
    const { channel, context, ends } = begin();
    channel.hasRoom = false;
    channel.send('LONG\r\n');
    channel.drop();
    expect(context.done.filter((what) => what === 'over')).to.have.length(1);
    expect(ends).to.have.length(1);
  });
});

describe('a body', () => {
  it('is read no further while its sink waits', async () => {
    const { channel, context } = begin();
    const room = gate();
    context.wait = () => room.promise;
    channel.send('BODY\r\none\r\n');
    channel.send('two\r\n.\r\nECHO 1\r\n');
    await turn();
    expect(context.done).to.deep.equal(['one\r\n']);
    context.wait = () => Promise.resolve();
    room.open();
    await turn();
    await turn();
    expect(context.done).to.deep.equal(['one\r\n', 'two\r\n']);
    expect(lines(channel.said)).to.deep.equal(['welcome', 'go on', 'took 10', 'echo 1']);
  });

  it('that is dropped is abandoned once, when its sink has answered', async () => {
    const { channel, context } = begin();
    const room = gate();
    context.wait = () => room.promise;
    channel.send('BODY\r\none\r\n');
    channel.drop();
    await turn();
    expect(context.done).to.deep.equal(['one\r\n']);
    room.open();
    await turn();
    expect(context.done).to.deep.equal(['one\r\n', 'sink abandoned', 'abandoned shut']);
  });
});

describe('a client that sends nothing more', () => {
  it('gets all the replies of its group', async () => {
    const { channel, context, ends } = begin();
    const late = gate();
    context.wait = () => late.promise;
    channel.send('ECHO 1\r\nLATE x\r\nECHO 2\r\nECHO');
    channel.halfClose();
    await turn();
    expect(channel.over).to.equal(false);
    late.open();
    await turn();
    await turn();
    expect(lines(channel.said)).to.deep.equal(['welcome', 'echo 1', 'late', 'echo 2']);
    expect(ends.map(({ outcome }) => outcome)).to.deep.equal(['dropped']);
  });

  it('gets a long reply to its end', async () => {
    const { channel } = begin();
    channel.hasRoom = false;
    channel.send('LONG\r\nECHO 1\r\n');
    channel.halfClose();
    await turn();
    expect(channel.over).to.equal(false);
    channel.drain();
    expect(channel.said).to.match(/\r\nend\r\necho 1\r\n$/);
    expect(channel.over).to.equal(true);
  });
});

describe('a server that stops', () => {
  it('says so to a session at rest', async () => {
    const { channel, session, ends } = begin();
    session.drain();
    expect(lines(channel.said)).to.deep.equal(['welcome', 'stopping']);
    expect(channel.over).to.equal(true);
    await turn();
    expect(ends.map(({ outcome }) => outcome)).to.deep.equal(['stopping']);
  });

  it('waits for a transaction that is going on', () => {
    const { channel, session } = begin();
    channel.send('OPEN x\r\n');
    session.drain();
    expect(channel.over).to.equal(false);
    channel.send('ECHO 1\r\n');
    expect(channel.over).to.equal(false);
    channel.send('SHUT\r\n');
    expect(lines(channel.said)).to.deep.equal(['welcome', 'opened', 'echo 1', 'shut', 'stopping']);
    expect(channel.over).to.equal(true);
  });

  it('waits for a command that runs, and for a body', async () => {
    const { channel, context, session } = begin();
    const late = gate();
    channel.send('BODY\r\none\r\n');
    await turn();
    session.drain();
    expect(channel.over).to.equal(false);
    context.wait = () => late.promise;
    channel.send('two\r\n.\r\n');
    await turn();
    expect(channel.over).to.equal(false);
    late.open();
    await turn();
    await turn();
    expect(lines(channel.said)).to.deep.equal(['welcome', 'go on', 'took 10', 'stopping']);
  });

  it('answers a command of which half has come', () => {
    const { channel, session } = begin();
    channel.send('ECHO');
    session.drain();
    expect(channel.over).to.equal(false);
    channel.send(' 1\r\n');
    expect(lines(channel.said)).to.deep.equal(['welcome', 'echo 1', 'stopping']);
  });

  it('cuts a transaction when its patience ends', () => {
    const { channel, session } = begin();
    channel.send('OPEN x\r\n');
    session.cut();
    expect(lines(channel.said)).to.deep.equal(['welcome', 'opened', 'stopping']);
    expect(channel.over).to.equal(true);
  });

  it('cuts a long reply without a word that could be taken for the rest of it', async () => {
    const { channel, context, session, ends } = begin();
    channel.hasRoom = false;
    channel.send('LONG\r\nECHO 1\r\n');
    const saidBefore = channel.said;
    session.cut();
    expect(channel.said.startsWith(saidBefore)).to.equal(true);
    expect(channel.said.slice(saidBefore.length)).to.match(/^x*$/);
    expect(channel.over).to.equal(true);
    expect(context.done.at(-1)).to.equal('over');
    await turn();
    expect(ends.map(({ outcome }) => outcome)).to.deep.equal(['stopping']);
  });

  it('cuts behind the command that runs, whatever was sent behind it', async () => {
    const { channel, context, session } = begin();
    const late = gate();
    context.wait = () => late.promise;
    channel.send('LATE x\r\nLONG\r\nECHO 1\r\n');
    session.cut();
    late.open();
    await turn();
    expect(lines(channel.said)).to.deep.equal(['welcome', 'late', 'stopping']);
  });

  it('cuts a body whose sink waits', async () => {
    const { channel, context, session } = begin();
    const room = gate();
    context.wait = () => room.promise;
    channel.send('BODY\r\none\r\n');
    session.cut();
    expect(channel.over).to.equal(false);
    room.open();
    await turn();
    await turn();
    expect(lines(channel.said)).to.deep.equal(['welcome', 'go on', 'stopping']);
    expect(context.done).to.deep.equal(['one\r\n', 'sink abandoned', 'abandoned shut']);
  });

  it('answers a command that runs before it cuts', async () => {
    const { channel, context, session } = begin();
    const late = gate();
    context.wait = () => late.promise;
    channel.send('STORE later\r\n');
    session.cut();
    expect(channel.over).to.equal(false);
    late.open();
    await turn();
    expect(lines(channel.said)).to.deep.equal(['welcome', 'store busy', 'stopping']);
  });
});

describe('a session that takes too long', () => {
  const { greetingTimeoutMs, commandTimeoutMs, dataTimeoutMs, sessionTimeoutMs, minBodyBytesPerSecond } = toy.limits;
  const inMs = (ms: number) => performance.now() + ms + MARGIN_MS;

  it('is told so and closed, in whatever state', () => {
    const { channel, session, ends } = begin();
    channel.send('OPEN x\r\n');
    session.tick(inMs(commandTimeoutMs - 3 * MARGIN_MS));
    expect(channel.over).to.equal(false);
    session.tick(inMs(commandTimeoutMs));
    expect(lines(channel.said)).to.deep.equal(['welcome', 'opened', 'idle']);
    expect(channel.over).to.equal(true);
    channel.drop();
    expect(ends.map(({ outcome }) => outcome)).to.deep.equal(['idle']);
  });

  it('has less time for its first command', () => {
    const { channel, session } = begin();
    session.tick(inMs(greetingTimeoutMs));
    expect(lines(channel.said)).to.deep.equal(['welcome', 'idle']);
  });

  it('is not idle while a command runs', async () => {
    const { channel, session, context } = begin();
    const late = gate();
    context.wait = () => late.promise;
    channel.send('LATE x\r\n');
    session.tick(inMs(sessionTimeoutMs));
    expect(channel.over).to.equal(false);
    late.open();
    await turn();
    expect(lines(channel.said)).to.deep.equal(['welcome', 'late']);
  });

  it('is cut off when it does not take what it asked for', () => {
    const { channel, session } = begin();
    channel.hasRoom = false;
    channel.send('LONG\r\n');
    session.tick(inMs(commandTimeoutMs));
    expect(channel.over).to.equal(true);
    expect(channel.said).to.not.contain('idle').and.not.contain('end');
  });

  it('ends inside a body in which nothing comes', async () => {
    const { channel, session } = begin({ limits: { ...toy.limits, minBodyBytesPerSecond: 0 } });
    channel.send('BODY\r\nabc');
    await turn();
    session.tick(inMs(dataTimeoutMs - 3 * MARGIN_MS));
    expect(channel.over).to.equal(false);
    session.tick(inMs(dataTimeoutMs));
    expect(lines(channel.said).at(-1)).to.equal('idle');
  });

  it('ends inside a body that comes too slowly, and not in one that comes fast enough', async () => {
    for (const [bytes, said] of [
      [(minBodyBytesPerSecond * RATE_WINDOW_MS) / 1000 - 1, 'slow'],
      [(minBodyBytesPerSecond * (RATE_WINDOW_MS + 2 * MARGIN_MS)) / 1000, 'go on'],
    ] as const) {
      const { channel, session } = begin();
      channel.send('BODY\r\n');
      channel.send('x'.repeat(bytes));
      await turn();
      session.tick(inMs(RATE_WINDOW_MS));
      expect(lines(channel.said).at(-1)).to.equal(said);
    }
  });

  it('ends when it has lasted too long, however busy', () => {
    const { channel, session } = begin({ limits: { ...toy.limits, commandTimeoutMs: 2 * sessionTimeoutMs } });
    channel.send('ECHO 1\r\n');
    session.tick(inMs(sessionTimeoutMs));
    expect(lines(channel.said).at(-1)).to.equal('session');
  });
});

describe('a stranger', () => {
  it('who speaks before the greeting is refused and closed', async () => {
    const { channel, ends } = begin({}, PAUSE_MS);
    channel.send('ECHO 1\r\n');
    expect(lines(channel.said)).to.deep.equal(['early talker']);
    await new Promise((resolve) => setTimeout(resolve, 2 * PAUSE_MS));
    expect(lines(channel.said)).to.deep.equal(['early talker']);
    channel.drop();
    expect(ends[0]).to.include({ outcome: 'early-talker' });
  });

  it('who waits is greeted', async () => {
    const { channel } = begin({}, PAUSE_MS);
    expect(channel.said).to.equal('');
    expect(await channel.line()).to.equal('welcome');
  });

  it('whose first line is no command may go on', () => {
    const { channel } = begin();
    channel.send('XYZZY\r\n\r\nECHO 1\r\n');
    expect(lines(channel.said)).to.deep.equal(['welcome', 'unknown XYZZY shut', 'unknown  shut', 'echo 1']);
  });

  for (const [said, saw] of [
    ['\x16\x03\x01 hello\r\nECHO 1\r\n', 'TLS ClientHello'],
    ['\x16\x03\x01', 'TLS ClientHello'],
    ['\x04\x01\x00\x19', 'octets 04 01 00 19'],
    ['GET / HTTP/1.1\r\nECHO 1\r\n', 'HTTP GET'],
  ] as const)
    it(`who speaks another protocol (${saw}) is closed, and the log hears of it`, async () => {
      const { channel, ends, heard } = begin();
      channel.send(Buffer.from(said, 'latin1'));
      expect(lines(channel.said)).to.deep.equal(['welcome', 'foreign']);
      expect(channel.over).to.equal(true);
      await turn();
      expect(ends[0]).to.include({ outcome: 'other-protocol', saw, commands: 1 });
      expect(heard).to.deep.equal([saw === 'HTTP GET' ? 'GET ****' : `(${saw})`]);
    });

  for (const said of ['GET / HTTP/1.1\r\nECHO 2\r\n', '\x16\x03\x01'])
    it('who speaks HTTP or TLS is closed, also later', () => {
      const { channel } = begin();
      channel.send('ECHO 1\r\n');
      channel.send(said);
      expect(lines(channel.said)).to.deep.equal(['welcome', 'echo 1', 'foreign']);
    });

  it('who speaks HTTP is closed, however long the request', async () => {
    for (const end of ['\r\n', '\n'])
      for (const size of [1, 1000]) {
        const { channel, ends } = begin();
        const request = Buffer.from(`POST /${'x'.repeat(200)} HTTP/1.1${end}`);
        for (let at = 0; at < request.length; at += size) channel.send(request.subarray(at, at + size));
        for (const line of ['welcome', 'foreign']) expect(await channel.line()).to.equal(line);
        await turn();
        expect(ends[0]).to.include({ outcome: 'other-protocol', saw: 'HTTP POST' });
      }
  });

  it('who speaks another protocol before the greeting is told by what was seen', async () => {
    const { channel, ends } = begin({}, PAUSE_MS);
    channel.send('\x16\x03\x01');
    channel.drop();
    await turn();
    expect(ends[0]).to.include({ outcome: 'early-talker', saw: 'TLS ClientHello' });
  });

  it('whose octets are no text later is refused, and may go on', () => {
    const { channel } = begin();
    channel.send('ECHO 1\r\n\x04\x01\x00\r\nECHO 2\r\n');
    expect(lines(channel.said)).to.deep.equal(['welcome', 'echo 1', 'unreadable', 'echo 2']);
  });
});

describe('a line that ends in a bare LF', () => {
  it('is refused when nothing follows, and what comes then is another line', async () => {
    const { channel, ends } = begin();
    channel.send('ECHO 1\n');
    expect(channel.said).to.equal('welcome\r\n');
    for (const line of ['welcome', 'unreadable']) expect(await channel.line()).to.equal(line);
    channel.send('ECHO 2\r\nECHO 3\n');
    for (const line of ['echo 2', 'unreadable']) expect(await channel.line()).to.equal(line);
    channel.drop();
    expect(ends[0]).to.include({ commands: 3, errors: 2 });
  });

  it('is as much one when that is LF CR, or the CR NUL of telnet', async () => {
    const { channel } = begin();
    expect(await channel.line()).to.equal('welcome');
    for (const line of ['ECHO 1\n\r', 'ECHO 2\r\0']) {
      channel.send(line);
      expect(await channel.line()).to.equal('unreadable');
    }
    channel.send('ECHO 3\r\n');
    expect(await channel.line()).to.equal('echo 3');
  });

  it('is one line with what follows before that, and none of it is obeyed', async () => {
    const { channel, heard } = begin();
    for (const piece of ['ECHO 1\n', 'ECHO 2\n', 'ECHO 3\r\n']) channel.send(piece);
    expect(lines(channel.said)).to.deep.equal(['welcome', 'unreadable']);
    channel.send('ECHO 4\n');
    await new Promise((resolve) => setTimeout(resolve, toy.limits.bareNewlineWaitMs / 4));
    channel.send('BYE\r\n');
    await new Promise((resolve) => setTimeout(resolve, 2 * toy.limits.bareNewlineWaitMs));
    expect(lines(channel.said)).to.deep.equal(['welcome', 'unreadable', 'unreadable']);
    expect(heard).to.deep.equal([]);
  });

  it('is refused once, however many such there are in it', async () => {
    const { channel } = begin();
    channel.send('ECHO 1\nECHO 2\n\nECHO 3\n');
    for (const line of ['welcome', 'unreadable']) expect(await channel.line()).to.equal(line);
    await new Promise((resolve) => setTimeout(resolve, 2 * toy.limits.bareNewlineWaitMs));
    expect(channel.said).to.equal('');
  });

  it('and is too long is refused as that', async () => {
    const { channel } = begin();
    channel.send(`${'x'.repeat(200)}\n`);
    for (const line of ['welcome', 'too long']) expect(await channel.line()).to.equal(line);
    channel.send('ECHO 1\r\n');
    expect(await channel.line()).to.equal('echo 1');
  });

  it('is answered before the session ends whose client sends nothing more', () => {
    const { channel } = begin();
    channel.send('ECHO 1\n');
    channel.halfClose();
    expect(lines(channel.said)).to.deep.equal(['welcome', 'unreadable']);
    expect(channel.over).to.equal(true);
  });

  it('and is of another protocol ends the session', async () => {
    const { channel, ends } = begin();
    channel.send('GET / HTTP/1.0\n\n');
    for (const line of ['welcome', 'foreign']) expect(await channel.line()).to.equal(line);
    await turn();
    expect(ends[0]).to.include({ outcome: 'other-protocol', saw: 'HTTP GET' });
  });

  it('is no line of a body, nor looked at while a command runs', async () => {
    const { channel, context } = begin();
    const late = gate();
    channel.send('BODY\r\none\n');
    await new Promise((resolve) => setTimeout(resolve, 2 * toy.limits.bareNewlineWaitMs));
    expect(lines(channel.said)).to.deep.equal(['welcome', 'go on']);
    channel.send('\r\n.\r\n');
    await turn();
    expect(lines(channel.said)).to.deep.equal(['welcome', 'go on', 'took 6']);
    context.wait = () => late.promise;
    channel.send('LATE x\r\nECHO 1\n');
    await new Promise((resolve) => setTimeout(resolve, 2 * toy.limits.bareNewlineWaitMs));
    expect(lines(channel.said)).to.deep.equal(['welcome', 'go on', 'took 6']);
    late.open();
    for (const line of ['welcome', 'go on', 'took 6', 'late', 'unreadable'])
      expect(await channel.line()).to.equal(line);
  });

  it('leaves nothing behind in a session that has ended', async () => {
    const { channel } = begin();
    channel.send('ECHO 1\n');
    channel.drop();
    await new Promise((resolve) => setTimeout(resolve, 2 * toy.limits.bareNewlineWaitMs));
    expect(channel.said).to.equal('welcome\r\n');
  });
});

describe('a session that fails often', () => {
  it('is answered more slowly, and reads nothing meanwhile', async () => {
    const { channel } = begin({ limits: { ...toy.limits, quickErrors: 1, errorDelayMs: PAUSE_MS } });
    channel.send('FAIL\r\nFAIL\r\nECHO 1\r\n');
    expect(lines(channel.said)).to.deep.equal(['welcome', 'failed']);
    for (const line of ['welcome', 'failed', 'failed', 'echo 1']) expect(await channel.line()).to.equal(line);
  });
});
