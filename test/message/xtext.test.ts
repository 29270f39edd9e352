/** RFC 3461 §4 and RFC 6533 §3: what is written is read again, and nothing that is read ends a line. */
import { expect } from 'chai';
import { readOriginalRecipient, writeOriginalRecipient } from '../../src/message/original-recipient.js';
import { readUtf8Xtext, readXtext, writeUtf8Xtext, writeXtext } from '../../src/message/xtext.js';

describe('xtext', () => {
  for (const text of ['', 'bob@example.com', 'a+b=c', 'blank and "quotes"', 'jörg', '\u{1f600}', '\\x{41}'])
    it(`of ${JSON.stringify(text)} is read as it was written`, () => {
      expect(readXtext(writeXtext(text))).to.equal(text);
      expect(writeXtext(text)).to.match(/^[!-~]*$/);
      expect(readUtf8Xtext(writeUtf8Xtext(text))).to.equal(text);
      expect(writeUtf8Xtext(text)).to.match(/^[!-~]*$/);
    });

  it('of a control character is written, and never read', () => {
    for (const text of ['a\r\nb', '\0', '\x7f', '\u2028']) {
      expect(readXtext(writeXtext(text))).to.equal(undefined);
      expect(readUtf8Xtext(writeUtf8Xtext(text))).to.equal(undefined);
    }
  });
});

describe('ORCPT', () => {
  const rows = [
    ['rfc822;b+2Bx@example.com', 'rfc822;b+x@example.com', 'rfc822;b+2Bx@example.com'],
    ['UTF-8;j\\x{f6}rg@example.com', 'UTF-8;jörg@example.com', 'utf-8;j\\x{F6}rg@example.com'],
    ['utf-8;jörg@example.com', 'utf-8;jörg@example.com', 'utf-8;j\\x{F6}rg@example.com'],
    ['rfc822;j+C3+B6rg@example.com', 'rfc822;jörg@example.com', 'utf-8;j\\x{F6}rg@example.com'],
  ] as const;
  for (const [given, text, written] of rows)
    it(`${given} is passed on as ${written}`, () => {
      expect(readOriginalRecipient(given)).to.equal(text);
      expect(writeOriginalRecipient(text)).to.equal(written);
    });

  it('of more octets than anybody has to take is not made (RFC 3461 §5.4)', () => {
    expect(writeOriginalRecipient(`rfc822;${'+'.repeat(164)}`)).to.have.length(499);
    expect(writeOriginalRecipient(`rfc822;${'+'.repeat(165)}`)).to.equal(undefined);
    expect(writeOriginalRecipient(`utf-8;${'ö'.repeat(100)}`)).to.equal(undefined);
  });

  it('that cannot be read is none', () => {
    for (const given of ['', 'bob@example.com', 'rfc822;', 'rfc822;a+0A', 'utf-8;a+2B', 'utf-8;\\x{0}'])
      expect(readOriginalRecipient(given), given).to.equal(undefined);
    expect(writeOriginalRecipient('bob@example.com')).to.equal(undefined);
  });
});
