/** Who speaks another protocol, and who only makes a mistake. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import { otherProtocolLine, otherProtocolOctets, recognized } from '../../src/session/other-protocol.js';
import { readRequest } from '../../src/session/request.js';

const COMMANDS = new Map([
  ['EHLO', true],
  ['NOOP', true],
]);

function ofLine(line: string): string | undefined {
  const request = readRequest(Buffer.from(line, 'latin1'));
  return request && otherProtocolLine(request);
}

describe('a line of another protocol', () => {
  for (const [line, seen] of [
    ['GET / HTTP/1.1', 'HTTP GET'],
    ['GET /', 'HTTP GET'],
    ['GET', 'HTTP GET'],
    ['GET  ', 'HTTP GET'],
    ['get nothing that makes sense', 'HTTP GET'],
    ['POST http://mx.example.org:25/ HTTP/1.1', 'HTTP POST'],
    ['CONNECT mx.example.org:25 HTTP/1.0', 'HTTP CONNECT'],
    ['OPTIONS * HTTP/1.1', 'HTTP OPTIONS'],
    ['PRI * HTTP/2.0', 'HTTP PRI'],
    ['PROPFIND', 'HTTP PROPFIND'],
    ['M-SEARCH * HTTP/1.1', 'HTTP M-SEARCH'],
    ['VERSION-CONTROL /x', 'HTTP VERSION-CONTROL'],
    ['WHATEVER /x HTTP/1.1', 'HTTP WHATEVER'],
    ['  GET \t/ \t', 'HTTP GET'],
    ['HTTP/1.1 200 OK', 'HTTP'],
    ['OPTIONS sip:nm SIP/2.0', 'SIP OPTIONS'],
    ['INVITE sips:alice@example.org', 'SIP INVITE'],
    ['OPTIONS / RTSP/1.0', 'RTSP OPTIONS'],
    ['SETUP rtspu://192.0.2.7/live', 'RTSP SETUP'],
    ['SSH-2.0-OpenSSH_9.6', 'SSH'],
    ['ssh-1.99-x', 'SSH'],
    ['RFB 003.008', 'RFB'],
    ['PROXY TCP4 192.0.2.7 192.0.2.8 40000 25', 'PROXY header'],
    ['PROXY UNKNOWN', 'PROXY header'],
    [`${'X'.repeat(40)} / HTTP/1.1`, 'HTTP'],
  ] as const)
    it(`is ${JSON.stringify(line.slice(0, 50))}: ${seen}`, () => expect(ofLine(line)).to.equal(seen));

  for (const line of [
    ...['', ' ', 'XXXX client.example', 'HELLO there', 'DELETE 1', 'GET 1', 'HEAD 1 10', 'MOVE 1 Trash', 'SEARCH ALL'],
    ...['a1 LOGIN alice secret', 'USER alice', '*1', 'stats', 'GETTING /x', 'Host: mx.example.org', 'SSH', 'HTTP'],
    ...['<stream:stream>', 'PROXY me', 'G\xcbT /x', 'RFB', 'say http/1.1 twice'],
  ])
    it(`is not ${JSON.stringify(line)}`, () => expect(ofLine(line)).to.equal(undefined));
});

describe('the first octets', () => {
  const table: readonly (readonly [what: string, octets: string, first: string | undefined, later?: string])[] = [
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'TLS ClientHello', 'TLS ClientHello'],
    ['TLS, three octets of it', '\x16\x03\x03', 'TLS ClientHello', 'TLS ClientHello'],
    ['TLS, two octets of it', '\x16\x03', undefined],
    ['what only begins like TLS', '\x16ab', 'octets 16 61 62'],
    ['SSL 2', '\x80\x2e\x01\x00\x02\x00\x15\x00\x00', 'octets 80 2e 01 00 02 00 15 00 ...'],
    ['a PROXY header', '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c', 'PROXY header'],
    ['SMB', '\x00\x00\x00\x85\xffSMBr\x00', 'SMB'],
    ['RDP', '\x03\x00\x00\x13\x0e\xe0', 'octets 03 00 00 13 0e e0'],
    ['SOCKS', '\x05\x01\x00', 'octets 05 01 00'],
    ['UTF-16', 'E\x00H\x00L\x00O\x00', 'octets 45 00 48 00 4c 00 4f 00'],
    ['a NUL behind a word', 'NOPE \x00', 'octets 4e 4f 50 45 20 00'],
    ['a NUL behind a command', 'NOOP \x00', undefined],
    ['a NUL in the next line', 'NOPE\r\n\x00', undefined],
    ['nothing', '', undefined],
    ['text', 'NOPE', undefined],
    ['the Return of telnet', 'NOPE\r\0', undefined],
    ['a CR and then a NUL', 'NOPE\r \0', 'octets 4e 4f 50 45 0d 20 00'],
    ['Latin-1', 'N\xd6PE', undefined],
    ['keys that correct', 'HELP\x08\x08O\x1b[C\t\x7f\r\n', undefined],
    ['telnet', '\xff\xfb\x1f\xff\xfd\x03\xff\xf4\xff\xfd\x06', undefined],
    ['telnet, cut', '\xff\xfb', undefined],
    ['a text that is long', `${'x'.repeat(64)}\x00`, undefined],
  ];
  for (const [what, octets, first, later] of table)
    it(`tell ${what}`, () => {
      expect(otherProtocolOctets(Buffer.from(octets, 'latin1'), true, COMMANDS)).to.equal(first);
      expect(otherProtocolOctets(Buffer.from(octets, 'latin1'), false, COMMANDS)).to.equal(later);
    });

  it('and a line of text are recognized together', () => {
    for (const [octets, seen] of [
      ['GET / HTTP/1.0\n\n', 'HTTP GET'],
      ['SSH-2.0-x\r\n\x00', 'SSH'],
      ['\x16\x03\x01', 'TLS ClientHello'],
      ['EHLO x HTTP/1.1\r\n', undefined],
      ['EHLO x\n', undefined],
    ] as const)
      expect(recognized(Buffer.from(octets, 'latin1'), true, COMMANDS), octets).to.equal(seen);
  });
});
