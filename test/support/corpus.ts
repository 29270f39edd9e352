/**
 * Messages of the shapes that mailboxes hold: short notes, lists, parts, attachments, 8-bit text, and what breaks programs that move mail:
 * lines that begin with `From `, dots, NULs, no header, no text. The same number always makes the same message.
 */
import { createHash } from 'node:crypto';

const WORDS =
  'the meeting moves to Tuesday please bring your notes about invoices and the garden Grüße naïve 東京 €'.split(' ');
const LINE_CHARACTERS = 70;
const BASE64_CHARACTERS = 76;

export interface CorpusMessage {
  readonly octets: Buffer;
  readonly receivedAtMs: number;
  /** Empty for the null reverse-path. */
  readonly from: string;
}

/** 2024-01-01T00:00:00Z. */
const FIRST_MS = 1_704_067_200_000;
const STEP_MS = 61_007;

/** `about`: how many octets most messages have; a tenth of them have more. */
function corpusMessage(number: number, about = 4096): CorpusMessage {
  const shape = SHAPES[number % SHAPES.length] as Shape;
  const receivedAtMs = FIRST_MS + number * STEP_MS;
  const from = number % 17 === 3 ? '' : `sender${number % 97}@example.net`;
  return { octets: Buffer.from(shape({ number, about, receivedAtMs, from }), 'latin1'), receivedAtMs, from };
}

export function* corpus(count: number, about?: number): Generator<CorpusMessage, void> {
  for (let number = 0; number < count; number++) yield corpusMessage(number, about);
}

interface Wanted {
  readonly number: number;
  readonly about: number;
  readonly receivedAtMs: number;
  readonly from: string;
}

/** The octets as Latin-1. */
type Shape = (wanted: Wanted) => string;

const SHAPES: readonly Shape[] = [
  (wanted) => `${header(wanted)}\r\n${text(wanted, wanted.about)}`,
  (wanted) =>
    `${header(wanted)}\r\n${text(wanted, wanted.about)}From here on it is quoted.\r\n>From there\r\n>>From afar\r\nFrom \r\n`,
  (wanted) => `${header(wanted, 'Content-Type: multipart/mixed; boundary=b')}\r\n${parts(wanted)}`,
  (wanted) => `${header(wanted, 'Content-Transfer-Encoding: 8bit')}\r\n${text(wanted, wanted.about)}`,
  (wanted) => `${header(wanted)}\r\n${text(wanted, 300)}`,
  (wanted) => `${header(wanted)}\r\n.\r\n..\r\n.dots\r\n\x00NUL\x00\r\n\r\nFrom a@b Mon Jan  1 00:00:00 2024\r\n\r\n`,
  ({ number }) => `no header at all ${number}\r\n`,
  (wanted) => header(wanted),
  (wanted) => `${header(wanted)}\r\n`,
  (wanted) =>
    `${header(wanted, `X-Number: ${wanted.number}\r\n\tfolded`)}\r\n${text(wanted, 8 * wanted.about)}\r\n\r\n\r\n`,
];

function header({ number, receivedAtMs, from }: Wanted, more = 'MIME-Version: 1.0'): string {
  return [
    `Return-Path: <${from}>`,
    `Received: from mx.example.net by mail.example.org with ESMTP id ${hex(number, 12)};`,
    `\t${new Date(receivedAtMs).toUTCString()}`,
    `From: "Sender ${number % 97}" <${from === '' ? 'mailer-daemon@example.net' : from}>`,
    'To: alice@example.org',
    `Subject: =?utf-8?q?N=C2=B0_${number}?=`,
    `Message-ID: <${hex(number, 20)}@example.net>`,
    more,
    '',
  ].join('\r\n');
}

function text({ number }: Wanted, octets: number): string {
  let made = '';
  for (let line = number; made.length < octets; line++) made += `${lineOf(line)}\r\n`;
  return made;
}

function lineOf(seed: number): string {
  let line = '';
  for (let at = seed; line.length < LINE_CHARACTERS; at += 7)
    line += `${Buffer.from(WORDS[at % WORDS.length] as string).toString('latin1')} `;
  return line.trimEnd();
}

function parts(wanted: Wanted): string {
  const attached = hex(wanted.number, wanted.about).replace(new RegExp(`.{${BASE64_CHARACTERS}}`, 'g'), '$&\r\n');
  return `--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text(wanted, 500)}\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=a.bin\r\n\r\n${attached}\r\n--b--\r\n`;
}

function hex(number: number, characters: number): string {
  let made = '';
  for (let at = 0; made.length < characters; at++) made += createHash('sha256').update(`${number}.${at}`).digest('hex');
  return made.slice(0, characters);
}
