/** Clients as they come: some that do all right, and more that break off, come at the wrong door or never read. */
import { setTimeout as pause } from 'node:timers/promises';
import { stuffed } from '../support/line-client.js';
import type { Dice } from '../fuzz/words.js';
import type { Visit } from './visit.js';

export interface OddSession {
  readonly visit: Visit;
  readonly dice: Dice;
  /** Who takes mail. */
  readonly recipients: readonly string[];
  /** Who reads mail, and may remove it. */
  readonly reader: string;
  readonly password: string;
}

export interface OddClient {
  readonly name: string;
  readonly service: 'smtp' | 'pop3';
  come(session: OddSession): Promise<unknown>;
}

const SOON_MS = 300;
const END = Buffer.from('.\r\n');
const HELLO = 'EHLO odd.example';
const MAIL = 'MAIL FROM:<odd@client.example> BODY=8BITMIME';
const HTTP = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\n\r\nEHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO\r\n';
/** The record and the beginning of a ClientHello. */
const TLS = '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'.padEnd(300, '\xa5');

export const oddClients: readonly OddClient[] = [
  { name: 'sends messages', service: 'smtp', come: sendSome },
  { name: 'sends chunks', service: 'smtp', come: sendChunks },
  { name: 'sends to all', service: 'smtp', come: (session) => sendTo(session, session.recipients) },
  { name: 'sends an octet at a time', service: 'smtp', come: sendSlowly },
  { name: 'says everything at once', service: 'smtp', come: sendAtOnce },
  { name: 'is gone before the answer', service: 'smtp', come: (session) => sendAndLeave(session, END) },
  { name: 'is gone inside the message', service: 'smtp', come: (session) => sendAndLeave(session, Buffer.alloc(0)) },
  { name: 'speaks HTTP', service: 'smtp', come: ({ visit }) => blurt(visit, HTTP) },
  { name: 'begins TLS', service: 'smtp', come: ({ visit }) => blurt(visit, TLS) },
  {
    name: 'begins TLS after STARTTLS and breaks off',
    service: 'smtp',
    come: ({ visit }) => halfTls(visit, 'STARTTLS'),
  },
  { name: 'says nothing', service: 'smtp', come: ({ dice }) => pause(dice.roll(SOON_MS)) },
  { name: 'reads and removes', service: 'pop3', come: readSome },
  { name: 'asks for much and reads nothing', service: 'pop3', come: neverRead },
  { name: 'is gone after the login', service: 'pop3', come: logIn },
  { name: 'has a wrong password', service: 'pop3', come: guess },
  { name: 'begins TLS at the wrong door', service: 'pop3', come: ({ visit }) => blurt(visit, TLS) },
  { name: 'begins TLS after STLS and breaks off', service: 'pop3', come: ({ visit }) => halfTls(visit, 'STLS') },
];

async function sendSome(session: OddSession): Promise<void> {
  for (let left = 1 + session.dice.roll(3); left > 0; left--)
    await sendTo(session, [session.dice.pick(session.recipients)]);
  await session.visit.ask('QUIT', /^221/m);
}

async function sendTo(session: OddSession, recipients: readonly string[]): Promise<void> {
  const { visit, dice } = session;
  if (!(await begin(visit, recipients))) return;
  if (!(await visit.ask('DATA', /^354/m))) return;
  await sayData(visit, Buffer.concat([stuffed(messageOf(dice)), END]));
}

async function begin(visit: Visit, recipients: readonly string[]): Promise<boolean> {
  if (!(await visit.ask(HELLO, /^250 /m)) || !(await visit.ask(MAIL, /^250 /m))) return false;
  for (const to of recipients) if (!(await visit.ask(`RCPT TO:<${to}>`, /^250 /m))) return false;
  return true;
}

/** Until it is acknowledged. */
async function sayData(visit: Visit, bytes: Buffer): Promise<void> {
  const before = visit.acknowledged.length;
  visit.say(bytes);
  await visit.until(() => visit.acknowledged.length > before, ACKNOWLEDGED_MS);
}

const ACKNOWLEDGED_MS = 20_000;

async function sendChunks({ visit, dice, recipients }: OddSession): Promise<void> {
  if (!(await begin(visit, [dice.pick(recipients)]))) return;
  const message = messageOf(dice);
  const cut = dice.roll(message.length);
  visit.say(`BDAT ${cut}\r\n`);
  visit.say(message.subarray(0, cut));
  visit.say(`BDAT ${message.length - cut} LAST\r\n`);
  await sayData(visit, message.subarray(cut));
}

async function sendSlowly({ visit, dice, recipients }: OddSession): Promise<void> {
  const text = `${HELLO}\r\n${MAIL}\r\nRCPT TO:<${dice.pick(recipients)}>\r\nDATA\r\nSubject: slow\r\n\r\n..\r\n.\r\nQUIT\r\n`;
  for (const octet of text) {
    visit.say(octet);
    await pause(1);
  }
  await visit.until(() => /^221/m.test(visit.heard), ACKNOWLEDGED_MS);
}

async function sendAtOnce({ visit, dice, recipients }: OddSession): Promise<void> {
  const one = `${MAIL}\r\nRCPT TO:<${dice.pick(recipients)}>\r\nDATA\r\nSubject: x\r\n\r\n${dice.roll(1e9)}\r\n.\r\n`;
  await visit.lines(1, ACKNOWLEDGED_MS);
  visit.say(`${HELLO}\r\n${one.repeat(1 + dice.roll(4))}QUIT\r\n`);
  await visit.until(() => /^221/m.test(visit.heard), ACKNOWLEDGED_MS);
}

async function sendAndLeave({ visit, dice, recipients }: OddSession, end: Buffer): Promise<void> {
  if (!(await begin(visit, [dice.pick(recipients)])) || !(await visit.ask('DATA', /^354/m))) return;
  visit.say(Buffer.concat([stuffed(messageOf(dice)), end]));
  await pause(dice.roll(5));
}

async function blurt(visit: Visit, text: string): Promise<void> {
  await visit.lines(1, SOON_MS);
  visit.say(text);
  await visit.until(() => false, SOON_MS);
}

async function halfTls(visit: Visit, verb: string): Promise<void> {
  await visit.lines(1, SOON_MS);
  if (verb === 'STARTTLS') await visit.ask(HELLO, /^250 /m);
  await visit.ask(verb, /^(220|\+OK)/m);
  visit.say(TLS);
  await pause(10);
}

async function logIn({ visit, reader, password }: OddSession): Promise<boolean> {
  await visit.ask(`USER ${reader}`, /^(\+OK|-ERR).*\r\n/m);
  return visit.ask(`PASS ${password}`, /^\+OK .*\r\n/m, SOON_MS);
}

async function guess({ visit, dice, reader }: OddSession): Promise<void> {
  await visit.ask(`USER ${reader}`, /^\+OK/m);
  await visit.ask(`PASS ${dice.roll(1e9)}`, /^(\+OK|-ERR)/m, SOON_MS);
}

async function readSome(session: OddSession): Promise<void> {
  const { visit, dice } = session;
  if (!(await logIn(session))) return;
  await visit.ask('UIDL', /\r\n\.\r\n/);
  for (let number = 1; number <= 1 + dice.roll(5); number++) {
    if (!(await visit.ask(`RETR ${number}`, /\r\n\.\r\n|^-ERR/m))) return;
    if (dice.roll(2) === 0) await visit.ask(`DELE ${number}`, /^(\+OK|-ERR)/m);
  }
  await visit.ask('QUIT', /^\+OK/m);
}

async function neverRead(session: OddSession): Promise<void> {
  const { visit } = session;
  if (!(await logIn(session))) return;
  visit.socket.pause();
  visit.say('RETR 1\r\nLIST\r\nRETR 2\r\n'.repeat(200));
  await pause(SOON_MS);
}

const LARGE_OCTETS = 400_000;

/** A header, lines that begin with dots, octets of every value; now and then large. */
function messageOf(dice: Dice): Buffer {
  const octets = (count: number): string =>
    Array.from({ length: count }, () => String.fromCharCode(dice.pick([46, 46, 65, 97, 32, 128, 228, 255]))).join('');
  const lines = Array.from({ length: 1 + dice.roll(20) }, () => `${octets(dice.roll(70))}\r\n`).join('');
  const more = dice.roll(50) === 0 ? `${octets(70)}\r\n`.repeat(dice.roll(LARGE_OCTETS / 72)) : '';
  return Buffer.from(`Subject: ${dice.roll(1e9)}\r\nX-Odd: yes\r\n\r\n${lines}${more}`, 'latin1');
}
