/** Messages that cost a server more than others of their size: to send, and to decode. */

const LARGE_BYTES = 50_000_000;
/** What the server reads of a message for its text. */
const TEXT_BYTES = 256 * 1024;
const MESSAGES_IN_MESSAGES = 7000;
const HTML = 'Subject: a text\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n';

export function dots(): Buffer {
  return filled('Subject: dots\r\n\r\n', '.\r\n', LARGE_BYTES);
}

/** A header section that does not end. */
export function fields(): Buffer {
  return filled('', 'X:\r\n', LARGE_BYTES / 10);
}

export function bareCrs(): Buffer {
  return filled('Subject: no dots\r\n\r\n', '\r\n', LARGE_BYTES);
}

export function filled(header: string, line: string, octets: number): Buffer {
  const lines = Math.floor((octets - header.length) / line.length);
  return Buffer.concat([Buffer.from(header), Buffer.alloc(lines * line.length, line)]);
}

/** One line of the same again and again. */
export function html(piece: string): Buffer {
  return Buffer.concat([filled(HTML, piece, TEXT_BYTES), Buffer.from('\r\n')]);
}

/** What `html` is measured against: as much, and nothing to it. */
export function plainText(): Buffer {
  return filled('Subject: a text\r\n\r\n', `${'words of a text '.repeat(4)}\r\n`, TEXT_BYTES);
}

export function nested(): Buffer {
  return Buffer.from(`${'Content-Type: message/rfc822\r\n\r\n'.repeat(MESSAGES_IN_MESSAGES)}Subject: inside\r\n\r\n`);
}
