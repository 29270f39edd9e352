/** What is written stays what it was, however slowly it is taken: on real sockets, since it rests on what Node does with memory. */
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { SharedWrites } from '../../src/runtime/shared-writes.js';
import { eventually } from '../support/eventually.js';
import { received, socketPair } from '../support/socket-pair.js';

const KIB = 1024;

interface Pair {
  readonly socket: Socket;
  readonly client: Socket;
  readonly received: () => Buffer;
  readonly close: () => void;
}

async function pair(): Promise<Pair> {
  const { client, accepted, close } = await socketPair();
  return { socket: accepted, client, received: received(client), close };
}

/** Pieces that tell one from another. */
function pieces(count: number, bytes: number): readonly Buffer[] {
  return Array.from({ length: count }, (_, at) => Buffer.alloc(bytes, `${at} `));
}

describe('shared writes', () => {
  it('send pieces in order, for one socket after another', async () => {
    const writes = new SharedWrites();
    const [one, two] = [await pair(), await pair()];
    for (const turn of ['first', 'second', 'third']) {
      expect(writes.write(one.socket, [Buffer.from(`${turn} `), Buffer.from('to one, ')])).to.equal(true);
      expect(writes.write(two.socket, [Buffer.from(`${turn} `), Buffer.from('to two, ')])).to.equal(true);
    }
    const wanted = (to: string) => ['first', 'second', 'third'].map((turn) => `${turn} to ${to}, `).join('');
    await eventually('all of it', () => one.received().length + two.received().length === 2 * wanted('one').length);
    expect([one.received().toString(), two.received().toString()]).to.deep.equal([wanted('one'), wanted('two')]);
    one.close();
    two.close();
  });

  it('leave what a slow client has not taken as it is, while others are served', async () => {
    const writes = new SharedWrites();
    const [slow, quick] = [await pair(), await pair()];
    slow.client.pause();
    const sent: Buffer[] = [];
    const turn = pieces(10, 6 * KIB);
    while (writes.write(slow.socket, turn)) sent.push(...turn);
    expect(sent.length, 'something was written').to.be.greaterThan(0);
    expect(slow.socket.writableLength, 'and not all of it taken').to.be.greaterThan(0);
    for (let time = 0; time < 20; time++)
      writes.write(quick.socket, [Buffer.alloc(60 * KIB, 'other'), Buffer.from('!')]);
    slow.client.resume();
    const wanted = Buffer.concat(sent);
    await eventually('all of it', () => slow.received().length === wanted.length);
    expect(slow.received().equals(wanted)).to.equal(true);
    slow.close();
    quick.close();
  });

  it('refuse what is too much, before any of it is sent', async () => {
    const { socket, received: all, close } = await pair();
    const writes = new SharedWrites();
    expect(writes.write(socket, pieces(4, 30 * KIB))).to.equal(false);
    expect(writes.write(socket, [Buffer.from('small '), Buffer.from('again')])).to.equal(true);
    await eventually('the small one', () => all().length > 0);
    expect(all().toString()).to.equal('small again');
    close();
  });
});
