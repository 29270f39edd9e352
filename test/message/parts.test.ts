/** A message taken apart while it passes: the same wherever its pieces are cut, and bounded whatever a sender wrote. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import { addressesIn } from '../../src/message/addresses.js';
import { PartScanner, type Structure } from '../../src/message/parts.js';
import { transferDecoder, withoutTransferEncoding } from '../../src/message/transfer.js';

const NESTED = [
  'Subject: x',
  'Content-Type: multipart/mixed;',
  ' boundary="a b"',
  '',
  'preamble',
  '--a b  ',
  'Content-Type: multipart/alternative; boundary=b',
  '',
  '--b',
  '',
  'plain',
  '--bb is no delimiter',
  '--b',
  'Content-Type: text/html',
  '',
  '<p>',
  '--b--',
  'epilogue',
  '--a b',
  'Content-Type: image/png',
  '',
  'one',
  'two',
  '--a b--',
  '--a b',
  'is behind the end',
].join('\r\n');

function structureOf(message: Buffer, size = message.length): Structure {
  const scanner = new PartScanner();
  for (let at = 0; at < message.length; at += size) scanner.write(message.subarray(at, at + size));
  return scanner.end();
}

function contentsOf(message: Buffer, { parts }: Structure): readonly (readonly [string, string])[] {
  return parts.map(({ id, from, to }) => [id, message.toString('latin1', from, to)] as const);
}

describe('parts of a message', () => {
  it('are found, with what stands in each, wherever the pieces are cut', () => {
    const message = Buffer.from(NESTED);
    const whole = structureOf(message);
    expect(contentsOf(message, whole)).to.deep.equal([
      ['1.1', 'plain\r\n--bb is no delimiter'],
      ['1.2', '<p>'],
      ['2', 'one\r\ntwo'],
    ]);
    expect(whole.parts.map(({ beginning }) => beginning.toString())).to.deep.equal([
      ...['plain\r\n--bb is no delimiter', '<p>', ''],
    ]);
    expect(whole.parts[2]?.octetsInLines).to.equal(6);
    for (const size of [1, 2, 3, 7, 64]) expect(structureOf(message, size), `${size}`).to.deep.equal(whole);
  });

  it('is one where there are no others, with or without a text or an end', () => {
    for (const [message, content] of [
      ['Subject: x\r\n\r\ntext\r\n', 'text\r\n'],
      ['Subject: x\r\n\r\n', ''],
      ['Subject: x', ''],
      ['', ''],
      ['Content-Type: multipart/mixed\r\n\r\n--\r\n', '--\r\n'],
    ] as const)
      expect(contentsOf(Buffer.from(message), structureOf(Buffer.from(message)))).to.deep.equal([['1', content]]);
  });

  it('are bounded in number, depth and headers, and what is beyond is left out', () => {
    const head = 'Content-Type: multipart/mixed; boundary=a\r\n\r\n';
    const many = structureOf(Buffer.from(head + '--a\r\n\r\nx\r\n'.repeat(20_000)));
    expect(many.parts).to.have.length(500);
    const deep = Array.from(
      { length: 100 },
      (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n`,
    );
    expect(structureOf(Buffer.from(deep.join(''))).parts).to.have.length(1);
    const heads = structureOf(Buffer.from(head + `--a\r\nX: ${'x'.repeat(60_000)}\r\n\r\nx\r\n`.repeat(50)));
    expect(heads.parts).to.have.length.within(4, 6);
    const long = structureOf(Buffer.from(`Subject: ${'x'.repeat(1_000_000)}\r\nTo: y\r\n\r\n${'z'.repeat(5_000_000)}`));
    expect(long.parts[0]?.beginning).to.have.length(1024 * 1024);
  });

  it('are without their transfer encoding what they were before, wherever pieces are cut', () => {
    const octets = Buffer.from(Array.from({ length: 1_000 }, (_, at) => (at * 7) % 256));
    const base64 = Buffer.from(octets.toString('base64').replace(/.{76}/g, '$&\r\n'));
    const quoted = Buffer.from(
      [...octets]
        .map((octet) => `=${octet.toString(16).padStart(2, '0')}`)
        .join('')
        .replace(/.{75}/g, '$&=\r\n'),
    );
    for (const [name, encoded] of [
      [' Base64 ', base64],
      ['quoted-printable', quoted],
    ] as const)
      for (const size of [1, 2, 3, 5, 100, 10_000]) {
        const decoder = transferDecoder(name);
        const pieces: Buffer[] = [];
        for (let at = 0; at < encoded.length; at += size) pieces.push(decoder.pass(encoded.subarray(at, at + size)));
        expect(Buffer.concat([...pieces, decoder.end()]).equals(octets), `${name} ${size}`).to.equal(true);
      }
    expect(withoutTransferEncoding(Buffer.from('a=zz=3D='), 'quoted-printable').toString()).to.equal('a=zz==');
  });

  it('have addresses that are read as far as they go', () => {
    const texts = (text: string) => addressesIn(text).map(({ name, address }) => `${name}|${address}`);
    expect(texts('Doe, Jane <j@x>, "Roe, \\"R\\"" <r@x>, a@x; <b@x>')).to.deep.equal([
      ...['Doe, Jane|j@x', 'Roe, "R"|r@x', '|a@x', '|b@x'],
    ]);
    expect(texts('undisclosed-recipients:;')).to.deep.equal([]);
    expect(texts('Friends: a@x, B <b@x>;')).to.deep.equal(['|a@x', 'B|b@x']);
    expect(texts('nobody "at all')).to.deep.equal(['nobody at all|']);
    const began = performance.now();
    for (const unit of ['"', '\\"', '<', ',', 'a,', 'a@x,', '("<', '"\\']) addressesIn(unit.repeat(60_000));
    expect(performance.now() - began).to.be.below(2_000);
  });
});
