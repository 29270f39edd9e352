import { expect } from 'chai';
import fc from 'fast-check';
import type { Outgoing } from '../../src/store/deliveries.js';
import {
  CHUNK_BYTES,
  emptyFrame,
  FrameError,
  FrameReader,
  FrameType,
  HEADER_BYTES,
  jsonFrame,
  uploadHeader,
  type Frame,
} from '../../src/store/sqlite/protocol/frames.js';
import { deliverFrame, readMetadata, type MessageMetadata } from '../../src/store/sqlite/protocol/message-frame.js';

const NOTHING = Buffer.alloc(0);
const METADATA: Omit<MessageMetadata, 'envelope'> = {
  ...{ octets: 0, hash: Buffer.alloc(32), unterminated: false },
  summary: {
    ...{ headerOctets: 0, decodes: false, from: undefined, to: undefined },
    ...{ subject: undefined, date: undefined, messageId: undefined },
  },
};
const OUTGOING: Outgoing = {
  ...{ trace: NOTHING, firstAttemptAtMs: 0, expiresAtMs: 0 },
  ...{ bodyKind: '7bit', smtputf8: false, requireTls: false },
};

function chunkFrame(request: number, octets: Buffer): Buffer {
  return Buffer.concat([uploadHeader(FrameType.Chunk, request, 1, octets.length), octets]);
}

/** The stream in reads of so many bytes each, in turn; every read lies in the same memory. */
function read(
  stream: Buffer,
  sizes: readonly number[],
  take: (frame: Frame, reader: FrameReader) => void,
): FrameReader {
  const reader = new FrameReader();
  const memory = Buffer.alloc(Math.max(...sizes));
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const count = stream.copy(memory, 0, at, at + (sizes[turn % sizes.length] as number));
    reader.push(memory.subarray(0, count), (frame) => take(frame, reader));
    memory.fill('?');
    at += count;
  }
  return reader;
}

describe('the frame reader', () => {
  const frames = fc.array(
    fc.oneof(
      fc.constant(() => emptyFrame(FrameType.Done, 7)),
      fc.string().map((text) => () => jsonFrame(FrameType.Change, 3, text)),
      fc.nat(5000).map((length) => () => chunkFrame(length, Buffer.alloc(length, length))),
    ),
    { maxLength: 20 },
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 5 });

  it('gives the same frames however the stream is cut, and keeps nothing of the memory that it came in', () => {
    fc.assert(
      fc.property(frames, sizes, (made, cuts) => {
        const whole = made.map((make) => make());
        const found: Frame[] = [];
        const reader = read(Buffer.concat(whole), cuts, (frame) => found.push(frame));
        expect(reader.waitingBytes).to.equal(0);
        expect(found).to.have.length(whole.length);
        for (const [at, { type, request, payload }] of found.entries()) {
          const frame = whole[at] as Buffer;
          expect([type, request]).to.deep.equal([frame[4], frame.readUInt32BE(5)]);
          expect(payload.equals(frame.subarray(9))).to.equal(true);
        }
      }),
    );
  });

  it('fills the memory of a chunk that was given back with the next one, and of no other', () => {
    const octets = ['a', 'b', 'c'].map((letter) => Buffer.alloc(CHUNK_BYTES, letter));
    const held: Buffer[] = [];
    const memory = new Set<unknown>();
    read(Buffer.concat(octets.map((each, at) => chunkFrame(at, each))), [65_536], ({ payload }, reader) => {
      expect(payload.subarray(4).equals(octets[held.length] as Buffer)).to.equal(true);
      held.push(payload);
      memory.add(payload.buffer);
      if (held.length === 1) reader.takeBack(payload);
    });
    expect(held).to.have.length(3);
    expect(memory.size).to.equal(2);
    expect((held[1] as Buffer).subarray(4).equals(octets[1] as Buffer)).to.equal(true);
  });

  it('takes a frame of several megabytes, and counts what has come of it', () => {
    const large = chunkFrame(1, Buffer.alloc(5_000_000, 'x'));
    const found: Frame[] = [];
    const reader = read(large.subarray(0, 3_000_000), [65_536], (frame) => found.push(frame));
    expect(reader.waitingBytes).to.equal(3_000_000);
    reader.push(large.subarray(3_000_000), (frame) => found.push(frame));
    expect(found.map(({ payload }) => payload.equals(large.subarray(9)))).to.deep.equal([true]);
  });

  for (const length of [0, 4, 32 * 1024 * 1024 + 1, 0xffffffff])
    it(`refuses a length of ${length}, and gives the frame before it`, () => {
      const garbage = Buffer.alloc(16);
      garbage.writeUInt32BE(length, 0);
      const found: Frame[] = [];
      const stream = Buffer.concat([emptyFrame(FrameType.Done, 7), garbage]);
      expect(() => new FrameReader().push(stream, (frame) => found.push(frame))).to.throw(FrameError);
      expect(found).to.have.length(1);
    });
});

describe('a message to other servers', () => {
  it('has room in its frame for whatever stands in its recipients', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((given) => !given.includes('\0'));
    const notify = fc.constantFrom('success' as const, 'failure' as const, 'delay' as const);
    const remote = fc.record({
      ...{ kind: fc.constant('remote' as const), recipient: text, destination: text },
      ...{ notify: fc.array(notify, { maxLength: 3 }), originalRecipient: text },
    });
    fc.assert(
      fc.property(fc.array(remote, { minLength: 1, maxLength: 50 }), (recipients) => {
        const envelope = { reversePath: '', receivedAtMs: 0, recipients, outgoing: OUTGOING };
        const frame = deliverFrame(1, { ...METADATA, envelope }, NOTHING);
        expect(readMetadata(frame.subarray(HEADER_BYTES)).metadata.envelope.recipients).to.deep.equal(recipients);
      }),
    );
  });
});
