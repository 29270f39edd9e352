/** How a message begins behind our trace headers: by its words, cut anywhere, and in few pieces. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { MessageStart } from '../../src/message/message-start.js';
import { cut, cuts, octets } from '../support/dialogue-property.js';
import { taken, through } from '../support/through.js';

function begun(pieces: readonly Uint8Array[]): Buffer {
  return Buffer.concat(through([new MessageStart()], pieces));
}

describe('the beginning of a message', () => {
  for (const [what, message, before] of [
    ['is a field', 'Subject: x\r\n\r\ntext\r\n', ''],
    ['is a field of the obsolete form', 'Subject \t: x\r\nno field\r\n\r\n', ''],
    ['is an empty line', '\r\ntext\r\n', ''],
    ['is nothing', '', ''],
    ['is text', 'Battery low on UPS 3.\r\n', '\r\n'],
    ['is text with a colon', 'Battery low: UPS 3\r\n', '\r\n'],
    ['is a word', 'Hello', '\r\n'],
    ['is a blank', ' Subject: x\r\nTo: y\r\n', '\r\n'],
    ['is a tab', '\tSubject: x\r\nTo: y\r\n', '\r\n'],
    ['is a line of blanks', '   \r\nSubject: x\r\n\r\n', '\r\n'],
    ['is a colon', ': x\r\n', '\r\n'],
    ['is in another alphabet', 'Grüße: x\r\n', '\r\n'],
    ['is an octet order mark', '\ufeffSubject: x\r\n', '\r\n'],
    ['is longer than a line may be', `${'x'.repeat(5000)}: y\r\n`, '\r\n'],
    ['is From without a blank', 'From\r\n', '\r\n'],
    ['is from in small letters', 'from alice Mon\r\n', '\r\n'],
    ['is a line of a mailbox file', 'From alice Mon Jul 29 09:00:00 2024\r\nTo: x\r\n\r\n', 'X-Mailbox-Line: '],
    ['is a quoted line of a mailbox file', '>>From alice Mon Jul 29 09:00:00 2024\r\n', 'X-Mailbox-Line: '],
    ['is half a line of a mailbox file', 'From ', 'X-Mailbox-Line: '],
  ] as const)
    it(`that ${what} has ${JSON.stringify(before)} before it, wherever it is cut`, () => {
      const bytes = Buffer.from(message);
      expect(begun([bytes]).toString()).to.equal(before + message);
      expect(begun(Array.from(bytes, (byte) => Uint8Array.of(byte))).toString()).to.equal(before + message);
    });

  for (const [message, becomes] of [
    ['From a\r\n>From b\r\nTo: x\r\n', 'X-Mailbox-Line: From a\r\nX-Mailbox-Line: >From b\r\nTo: x\r\n'],
    ['From a\r\n folded\r\nTo: x\r\n', 'X-Mailbox-Line: From a\r\n\r\n folded\r\nTo: x\r\n'],
    ['From a\r\ntext\r\n', 'X-Mailbox-Line: From a\r\n\r\ntext\r\n'],
    ['From a\r\n\r\nFrom b\r\n', 'X-Mailbox-Line: From a\r\n\r\nFrom b\r\n'],
  ] as const)
    it(`${JSON.stringify(message)} goes on behind such a line`, () =>
      expect(begun([Buffer.from(message)]).toString()).to.equal(becomes));

  it('has no more such lines than a hundred: the rest is text', () => {
    const message = begun([Buffer.from('From x\r\n'.repeat(10_000))]);
    expect(message.toString()).to.equal(`${'X-Mailbox-Line: From x\r\n'.repeat(100)}\r\n${'From x\r\n'.repeat(9900)}`);
  });

  it('is the same wherever it is cut, and what was sent follows whole', () =>
    fc.assert(
      fc.property(octets, cuts, (bytes, at) => {
        const message = begun([bytes]);
        expect(begun(cut(bytes, at)).equals(message)).to.equal(true);
        const first = /^(?:X-Mailbox-Line: |\r\n|)/.exec(message.toString('latin1'))?.[0].length ?? 0;
        if (!message.includes('From ')) expect([0, first]).to.include(message.length - bytes.length);
        if (!message.includes('From '))
          expect(message.subarray(message.length - bytes.length).equals(bytes)).to.equal(true);
      }),
      { numRuns: 5000 },
    ));

  it('leaves all that follows alone: the same bytes, not a copy', () => {
    const start = new MessageStart();
    const piece = Buffer.from('Subject: x\r\n');
    expect(taken(start, piece)[0]?.buffer).to.equal(piece.buffer);
    expect(start.isOver).to.equal(true);
  });
});
