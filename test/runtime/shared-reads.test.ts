/** What `attach` relies on is Node's own: here it is seen to hold, on real sockets. */
import { connect, createServer, Socket, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { SharedReads } from '../../src/runtime/shared-reads.js';
import { eventually } from '../support/eventually.js';

interface Served {
  readonly client: Socket;
  readonly accepted: Socket;
  /** Copies of what was received, in order. */
  readonly received: string[];
  /** The memory that it came in. */
  readonly memory: Set<unknown>;
  readonly close: () => void;
}

async function serve(reads: SharedReads): Promise<Served> {
  const received: string[] = [];
  const memory = new Set<unknown>();
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  const accepted = new Promise<Socket>((resolve) => {
    server.once('connection', (socket: Socket) => {
      const attached = reads.attach(socket, (bytes) => {
        received.push(bytes.toString());
        memory.add(bytes.buffer);
      });
      expect(attached).to.equal(true);
      resolve(socket);
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay();
  return {
    client,
    accepted: await accepted,
    received,
    memory,
    close: () => {
      client.destroy();
      server.close();
    },
  };
}

describe('shared reads', () => {
  it('give what every socket reads, in one buffer, and emit no data', async () => {
    const reads = new SharedReads();
    const [one, two] = [await serve(reads), await serve(reads)];
    let emitted = 0;
    one.accepted.once('data', () => (emitted += 1)).resume();
    one.client.write('to one');
    two.client.write('to two');
    await eventually('both', () => one.received.length + two.received.length === 2);
    expect([one.received, two.received]).to.deep.equal([['to one'], ['to two']]);
    expect(new Set([...one.memory, ...two.memory]).size).to.equal(1);
    expect(emitted).to.equal(0);
    one.accepted.destroy();
    two.accepted.destroy();
    one.close();
    two.close();
  });

  it('stop with pause, go on with resume, and lose nothing', async () => {
    const { client, accepted, received, close } = await serve(new SharedReads());
    accepted.pause();
    client.write('waits');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(received).to.deep.equal([]);
    accepted.resume();
    await eventually('what waited', () => received.join('') === 'waits');
    accepted.destroy();
    close();
  });

  it('end when the client has nothing more to say, and may still be answered', async () => {
    const { client, accepted, received, close } = await serve(new SharedReads());
    let heard = '';
    client.on('data', (bytes) => (heard += bytes.toString()));
    const ended = new Promise<void>((resolve) => accepted.once('end', () => resolve()));
    client.end('last words');
    await ended;
    accepted.end('answer');
    await eventually('the answer', () => heard === 'answer');
    expect(received).to.deep.equal(['last words']);
    close();
  });

  it('leave alone a socket that is not open', () => {
    expect(new SharedReads().attach(new Socket(), () => undefined)).to.equal(false);
  });
});
