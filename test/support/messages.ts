/** Messages that tests send: what is awkward to carry stands in all of them. */
const KIB = 1024;

/** Complete headers, so that no client adds its own; dots at line starts, text beyond ASCII, an empty last line. */
export const SAMPLE = Buffer.from(
  [
    'From: Sender <sender@example.org>',
    'To: postmaster@localhost',
    'Subject: sample',
    'Date: Mon, 01 Jun 2026 10:00:00 +0000',
    'Message-ID: <sample@example.org>',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    'Dear postmaster,',
    '.',
    '..',
    '.one dot',
    '. dot and blank',
    'Grüße, ¡olé!, привет, 你好',
    `long: ${'x'.repeat(900)}`,
    '',
    '',
  ].join('\r\n'),
);

/** Exactly so many octets in lines of every kind: dots first, all 8-bit octets but CR, LF and NUL. Ends with CRLF. */
export function lines(octets: number): Buffer {
  const header = 'Subject: lines\r\n\r\n';
  const message = Buffer.alloc(octets);
  for (let at = message.write(header), line = 0; at < octets; line++) {
    const length = Math.min(line % 97, octets - at - 2);
    for (let index = 0; index < length; index++) message[at++] = index < line % 4 ? 0x2e : eightBit(line * 31 + index);
    // What is left but has no room for a line of its own joins the last one.
    while (octets - at - 2 === 1) message[at++] = 0x78;
    at += message.write('\r\n', at);
  }
  return message;
}

/** Octets of every value, NULs among them, in lines: for BDAT, which looks at none of them but CR and LF. */
export function binary(octets: number): Buffer {
  const message = lines(octets);
  for (let at = 100; at < octets - 2; at += 7) if (message[at] !== 13 && message[at] !== 10) message[at] = 0;
  return message;
}

/** The sizes that every way through the server must carry. */
export const SIZES: readonly (readonly [name: string, octets: number])[] = [
  ['1 KB', KIB],
  ['1 MB', KIB * KIB],
  ['40 MB', 40 * KIB * KIB],
];

function eightBit(seed: number): number {
  const octet = seed & 0xff;
  return octet === 0 || octet === 10 || octet === 13 ? 0xe9 : octet;
}
