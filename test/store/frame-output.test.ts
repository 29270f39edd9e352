/** Frames arrive whole and in order, wherever they were built and however slowly they are taken: on a real socket. */
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { FrameOutput } from '../../src/store/sqlite/protocol/frame-output.js';
import { BufferPool } from '../../src/store/sqlite/protocol/buffer-pool.js';
import { eventually } from '../support/eventually.js';
import { received, socketPair } from '../support/socket-pair.js';

const KIB = 1024;

async function served(work: (socket: Socket, arrived: () => Buffer) => Promise<void>): Promise<void> {
  const { client, accepted, close } = await socketPair();
  try {
    await work(client, received(accepted));
  } finally {
    close();
  }
}

/** Told from every other by what it is filled with. */
function frame(number: number, bytes: number, room = (wanted: number): Buffer => Buffer.alloc(wanted)): Buffer {
  return room(bytes).fill(`<${number}>`);
}

describe('frames on their way out', () => {
  it('arrive in order, small and large, built in the room or elsewhere', () =>
    served(async (socket, arrived) => {
      const output = new FrameOutput(socket);
      const sizes = Array.from(
        { length: 400 },
        (_, number) => [9, 5 * KIB, 31 * KIB, 300 * KIB, 33 * KIB][number % 5] as number,
      );
      for (const [number, bytes] of sizes.entries())
        output.send(number % 2 === 0 ? frame(number, bytes) : frame(number, bytes, (wanted) => output.room(wanted)));
      output.flush();
      const wanted = Buffer.concat(sizes.map((bytes, number) => frame(number, bytes)));
      await eventually('all of them', () => arrived().length === wanted.length);
      expect(arrived().equals(wanted)).to.equal(true);
    }));

  it('that are built in the room and become shorter leave no gap', () =>
    served(async (socket, arrived) => {
      const output = new FrameOutput(socket);
      for (const text of ['one ', 'two ', 'three ']) {
        const room = output.room(100);
        output.send(room.subarray(0, room.write(text)));
      }
      await eventually('all of them, without being asked', () => arrived().toString() === 'one two three ');
    }));

  it('keep what is not taken as it is, and count it', () =>
    served(async (socket, arrived) => {
      const output = new FrameOutput(socket);
      const sent: Buffer[] = [];
      for (let number = 0; socket.writableLength < 512 * KIB; number++) {
        sent.push(frame(number, 20 * KIB));
        output.send(frame(number, 20 * KIB, (wanted) => output.room(wanted)));
        expect(output.waitingBytes).to.equal(socket.writableLength + 20 * KIB);
        output.flush();
      }
      expect(output.waitingBytes).to.equal(socket.writableLength);
      await eventually('what waited', () => output.waitingBytes === 0);
      output.send(frame(-1, 10), frame(-2, 10));
      const wanted = Buffer.concat([...sent, frame(-1, 10), frame(-2, 10)]);
      await eventually('all of them', () => arrived().length === wanted.length);
      expect(arrived().equals(wanted)).to.equal(true);
    }));
});

describe('spare memory', () => {
  it('is lent again when it was taken back, whatever slice of it', () => {
    const memory = new BufferPool([8 * KIB, 16 * KIB]);
    const [small, large] = [memory.lend(8 * KIB), memory.lend(16 * KIB)];
    expect([small.length, large.length]).to.deep.equal([8 * KIB, 16 * KIB]);
    memory.takeBack(small.subarray(100, 200));
    const again = memory.lend(8 * KIB);
    expect(again.buffer).to.equal(small.buffer);
    expect(again.length).to.equal(8 * KIB);
    expect(memory.lend(8 * KIB).buffer).not.to.equal(small.buffer);
  });

  it('takes nothing that it did not lend, nor more than it needs', () => {
    const memory = new BufferPool([8 * KIB]);
    const other = Buffer.allocUnsafeSlow(8 * KIB);
    memory.takeBack(other);
    expect(memory.lend(8 * KIB).buffer).not.to.equal(other.buffer);
    const lent = Array.from({ length: 1000 }, () => memory.lend(8 * KIB));
    for (const one of lent) memory.takeBack(one);
    const kept = new Set(lent.map(({ buffer }) => buffer));
    const again = Array.from({ length: 1000 }, () => memory.lend(8 * KIB)).filter(({ buffer }) => kept.has(buffer));
    expect(again.length).to.equal(256);
  });
});
