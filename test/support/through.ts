/** Messages that go through stages: pieces are lent to them, and overwritten once they were taken. */
import { Buffer } from 'node:buffer';
import { StageLine, type Stage } from '../../src/message/stage.js';

/** The pieces that are written, of stages that refuse nothing and never wait. */
export function through(stages: readonly Stage<never>[], pieces: readonly Uint8Array[]): readonly Buffer[] {
  const written: Buffer[] = [];
  const line = new StageLine<never>(stages, (octets) => void written.push(Buffer.from(octets)));
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    const said: unknown = line.write(lent);
    if (said !== undefined) throw new Error('a stage refused or waited');
    lent.fill('!');
  }
  void line.end();
  return written;
}

/** The same of one stage and one piece, without its end. */
export function taken(stage: Stage<never>, piece: Uint8Array): readonly Uint8Array[] {
  const handedOn: Uint8Array[] = [];
  void stage.write?.(piece, (octets) => void handedOn.push(octets));
  return handedOn;
}
