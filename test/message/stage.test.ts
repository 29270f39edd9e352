/** A message on its way through stages: who sees what of it, whose refusal stands, and who is waited for. */
import { Buffer } from 'node:buffer';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { StageLine, type Next, type Stage } from '../../src/message/stage.js';

/** Each stage says what it sees, and so does whoever writes. */
function lineOf(...stages: readonly Stage<string>[]) {
  const seen: string[] = [];
  const watched = stages.map((stage, at): Stage<string> => {
    const watch: Stage<string> = { end: (next) => (seen.push(`${at} ends`), stage.end?.(next)) };
    if (stage.write === undefined) return watch;
    return {
      ...watch,
      write: (piece, next) => (seen.push(`${at}: ${text(piece)}`), stage.write?.(piece, next)),
      get isOver() {
        return stage.isOver === true;
      },
    };
  });
  return { line: new StageLine(watched, (octets) => void seen.push(`written: ${text(octets)}`)), seen };
}

function text(octets: Uint8Array): string {
  return Buffer.from(octets).toString();
}

const passing: Stage<string> = { write: (piece, next) => next(piece) };

describe('a line of stages', () => {
  it('without one writes what comes', () => {
    const { line, seen } = lineOf();
    expect(line.write(Buffer.from('one'))).to.equal(undefined);
    expect(line.end()).to.equal(undefined);
    expect(seen).to.deep.equal(['written: one']);
  });

  it('hands on what each made of it, and past those that look at no piece or are over', () => {
    const over = { isOver: false, write: (piece: Uint8Array, next: Next) => next(piece) };
    const louder: Stage<string> = { write: (piece, next) => next(Buffer.from(`${text(piece)}!`)) };
    const { line, seen } = lineOf({ end: () => undefined }, louder, over);
    void line.write(Buffer.from('one'));
    over.isOver = true;
    void line.write(Buffer.from('two'));
    expect(line.end()).to.equal(undefined);
    expect(seen.splice(0, 3)).to.deep.equal(['1: one', '2: one!', 'written: one!']);
    expect(seen).to.deep.equal(['1: two', 'written: two!', '0 ends', '1 ends', '2 ends']);
  });

  it('takes what a stage held at the end through all stages behind it, before they end', () => {
    const held: Uint8Array[] = [];
    const holding: Stage<string> = {
      write: (piece) => void held.push(Buffer.from(piece)),
      end: (next) => next(Buffer.concat(held)),
    };
    const { line, seen } = lineOf(holding, passing);
    void line.write(Buffer.from('one'));
    void line.write(Buffer.from('two'));
    expect(line.end()).to.equal(undefined);
    expect(seen).to.deep.equal(['0: one', '0: two', '0 ends', '1: onetwo', 'written: onetwo', '1 ends']);
  });

  it('waits for a stage that changes a message only when it has seen all of it', async () => {
    const later: Stage<string> = {
      write: () => undefined,
      end: async (next) => {
        await turn();
        next(Buffer.from('made later'));
        return undefined;
      },
    };
    const { line, seen } = lineOf(later, passing);
    void line.write(Buffer.from('one'));
    expect(await line.end()).to.equal(undefined);
    expect(seen).to.deep.equal(['0: one', '0 ends', '1: made later', 'written: made later', '1 ends']);
  });

  it('stops at a refusal, at once', () => {
    const refusing: Stage<string> = { write: (piece) => (text(piece) === 'two' ? 'no' : undefined) };
    const { line, seen } = lineOf(passing, refusing, passing);
    expect(line.write(Buffer.from('one'))).to.equal(undefined);
    expect(line.write(Buffer.from('two'))).to.equal('no');
    expect(line.write(Buffer.from('three'))).to.equal('no');
    expect(line.end()).to.equal('no');
    expect(seen).to.deep.equal(['0: one', '1: one', '0: two', '1: two']);
  });

  it('stops at a refusal that comes later', async () => {
    const refusing: Stage<string> = { write: async () => (await turn(), 'no') };
    const { line, seen } = lineOf(refusing, passing);
    expect(await line.write(Buffer.from('one'))).to.equal('no');
    expect(await line.write(Buffer.from('two'))).to.equal('no');
    expect(await line.end()).to.equal('no');
    expect(seen).to.deep.equal(['0: one']);
  });

  it('asks at the end in order, and nobody behind one that refuses', async () => {
    const agreeing: Stage<string> = { end: async () => (await turn(), undefined) };
    const { line, seen } = lineOf(agreeing, { end: () => 'no' }, { end: () => 'never asked' });
    expect(await line.end()).to.equal('no');
    expect(seen).to.deep.equal(['0 ends', '1 ends']);
  });

  it('throws what the one who writes throws, at once and later, and leaves no promise alone', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      const twice: Stage<string> = { write: (piece, next) => (next(piece), next(piece)) };
      const throwing = new StageLine([twice], () => {
        throw new Error('full');
      });
      expect(() => throwing.write(Buffer.from('one'))).to.throw('full');
      const rejecting = new StageLine([twice], () => Promise.reject(new Error('full')));
      expect(await Promise.resolve(rejecting.write(Buffer.from('one'))).catch(String)).to.equal('Error: full');
      const atEnd = new StageLine<string>(
        [{ end: async (next) => (await turn(), next(Buffer.from('x')), await turn(), undefined) }],
        () => Promise.reject(new Error('full')),
      );
      expect(await Promise.resolve(atEnd.end()).catch(String)).to.equal('Error: full');
      await turn();
      expect(unhandled).to.deep.equal([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});
