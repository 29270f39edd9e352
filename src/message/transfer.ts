/** Content transfer encodings undone (RFC 2045 §6) a piece at a time: what does not belong to an encoding is passed over, or stands as it is. */
import { Buffer } from 'node:buffer';

/** Takes pieces in order, and gives what they are without the encoding; `end` gives the rest. */
export interface TransferDecoder {
  pass(piece: Buffer): Buffer;
  end(): Buffer;
}

const NOT_BASE64 = /[^A-Za-z0-9+/]+/g;
/** An octet, or the end of a line that was broken for the encoding's sake. */
const QUOTED = /=(?:([0-9a-f]{2})|[ \t]*\r?\n)/gi;
/** What may be the beginning of one of those. */
const UNFINISHED = /=(?:[0-9a-f]|[ \t]{0,100}\r?)?$/i;

/** By the value of Content-Transfer-Encoding. */
export function transferDecoder(encoding = ''): TransferDecoder {
  const name = encoding.trim().toLowerCase();
  if (name === 'base64') return new Base64Decoder();
  if (name === 'quoted-printable') return new QuotedPrintableDecoder();
  return { pass: (piece) => piece, end: () => Buffer.alloc(0) };
}

/** Octets that lie there whole. */
export function withoutTransferEncoding(octets: Buffer, encoding: string | undefined): Buffer {
  const decoder = transferDecoder(encoding);
  return Buffer.concat([decoder.pass(octets), decoder.end()]);
}

class Base64Decoder implements TransferDecoder {
  #held = '';

  pass(piece: Buffer): Buffer {
    const text = this.#held + piece.toString('latin1').replace(NOT_BASE64, '');
    const whole = text.length - (text.length % 4);
    this.#held = text.slice(whole);
    return Buffer.from(text.slice(0, whole), 'base64');
  }

  end(): Buffer {
    return Buffer.from(this.#held, 'base64');
  }
}

class QuotedPrintableDecoder implements TransferDecoder {
  #held = '';

  pass(piece: Buffer): Buffer {
    const text = this.#held + piece.toString('latin1');
    this.#held = UNFINISHED.exec(text.slice(-110))?.[0] ?? '';
    return unquoted(text.slice(0, text.length - this.#held.length));
  }

  end(): Buffer {
    return unquoted(this.#held);
  }
}

function unquoted(text: string): Buffer {
  const plain = text.replace(QUOTED, (_, octet: string | undefined) =>
    octet === undefined ? '' : String.fromCharCode(parseInt(octet, 16)),
  );
  return Buffer.from(plain, 'latin1');
}
