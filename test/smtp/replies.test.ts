/** RFC 5321 §4.5.3.1.5: no line of a reply is longer than 512 octets, whatever a client put into it. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import { replies } from '../../src/smtp/replies.js';

const LONGEST = `${'l'.repeat(64)}@${`${'d'.repeat(60)}.`.repeat(3)}example`;
const LIMIT_BYTES = 512;

function linesOf({ head }: { readonly head: Uint8Array }): readonly string[] {
  const text = Buffer.from(head).toString();
  expect(text.endsWith('\r\n')).to.equal(true);
  return text.split(/(?<=\r\n)/);
}

function expectFitting(reply: { readonly code: number; readonly head: Uint8Array }): void {
  const lines = linesOf(reply);
  for (const [at, line] of lines.entries()) {
    expect(Buffer.byteLength(line), line).to.be.at.most(LIMIT_BYTES);
    expect(line.startsWith(`${reply.code}${at === lines.length - 1 ? ' ' : '-'}`), line).to.equal(true);
  }
}

describe('a reply', () => {
  it('goes on in the next line when two addresses do not fit into one', () => {
    const reply = replies.notYourAddress(LONGEST, LONGEST);
    expectFitting(reply);
    const lines = linesOf(reply);
    expect(lines).to.have.length(2);
    for (const line of lines) expect(line).to.match(/^550[- ]5\.7\.1 /);
    expect(lines.map((line) => line.slice('550 5.7.1 '.length, -2)).join('')).to.equal(
      `<${LONGEST}> is no address of ${LONGEST}, who is logged in; send as one that leads there`,
    );
  });

  it('repeats no more than the beginning of a parameter that nobody knows', () => {
    const [line, ...more] = linesOf(replies.unknownParameter('X'.repeat(2000)));
    expect(more).to.deep.equal([]);
    expect(line).to.equal(`555 5.5.4 Parameter ${'X'.repeat(64)}... is not offered here\r\n`);
  });

  it('fits whatever stands in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 1500 }), (text) => {
        const path = text.replace(/[\r\n]/g, '');
        expectFitting(replies.unknownMailbox(path));
        expectFitting(replies.notYourAddress(path, path));
        expectFitting(replies.notTheDevicesAddress(path, { address: path, device: 'scanner' }));
        expectFitting(replies.hello(path, ['SIZE 1']));
      }),
      { numRuns: 200 },
    );
  });
});
