/**
 * Every reply of POP3 by its meaning (RFC 1939 §3, response codes of RFC 2449 §8 and RFC 3206).
 * Constants are encoded once.
 */
import { Buffer } from 'node:buffer';
import { CRLF } from '../bytes/line-ends.js';
import { whenReady } from '../runtime/when-ready.js';
import { inMinutes, type Reply } from '../session/reply.js';
import type { StoreError, StoreErrorKind } from '../store/errors.js';
import type { MaybePromise } from '../store/shapes.js';
import { ArraySource, type Source } from '../store/source.js';

const END = Buffer.from('.\r\n');

/** RFC 2449 §4: of the first line of a response, with its CRLF. What a configuration or a peer makes longer is cut. */
const LINE_LIMIT_BYTES = 512;

function line(text: string): Buffer {
  const room = LINE_LIMIT_BYTES - CRLF.length;
  let shown = text;
  while (Buffer.byteLength(shown) > room) shown = shown.slice(0, -1);
  return Buffer.from(`${shown}\r\n`);
}

function ok(text: string): Reply {
  return { head: line(`+OK ${text}`), failed: false };
}

/** `code` is a response code without its brackets. */
function err(text: string, code?: string): Reply {
  return { head: line(code === undefined ? `-ERR ${text}` : `-ERR [${code}] ${text}`), failed: true };
}

/** The server's own trouble: no mistake of the client, who may try as often as it likes. */
function trouble(text: string, code: string): Reply {
  return { ...err(text, code), failed: false };
}

/** A multi-line reply: `body` is byte-stuffed already and ends with CRLF; the closing line is added. */
function multiline(text: string, body: Source, confidential = false): Reply {
  const { head, failed } = ok(text);
  return {
    head,
    failed,
    confidential,
    body: body instanceof ArraySource ? new ArraySource([...(body as ArraySource).pieces, END]) : new Ended(body),
  };
}

/** A body, and the closing line behind it. */
class Ended implements Source {
  readonly #body: Source;
  #ended = false;

  constructor(body: Source) {
    this.#body = body;
  }

  next(): MaybePromise<Uint8Array | undefined> {
    if (this.#ended) return undefined;
    return whenReady(this.#body.next(), (piece) => this.#pass(piece));
  }

  close(): void {
    this.#ended = true;
    this.#body.close();
  }

  #pass(piece: Uint8Array | undefined): Uint8Array {
    this.#ended = piece === undefined;
    return piece ?? END;
  }
}

const encoder = (lines: Iterable<string>): Source => new ArraySource([Buffer.from([...lines, ''].join('\r\n'))]);

const CHANNEL_BINDINGS =
  'This channel binding is not offered here; with SCRAM-SHA-256-PLUS, tls-server-end-point is, tls-exporter under TLS 1.3 and tls-unique under TLS 1.2';

export const replies = {
  greeting: (hostname: string) => ok(`${hostname} POP3 Pennypost; HELP shows the commands`),
  help: (lines: readonly string[]) => multiline('Help follows', encoder(lines)),
  noSuchHelp: err('There is no such command; HELP alone lists them'),
  capabilities: (lines: readonly string[]) => multiline('Capabilities follow', encoder(lines)),
  utf8: ok('UTF-8 is on'),
  ok: ok('Still here'),

  beginTls: ok('Begin TLS'),
  tlsAlready: err('TLS has begun already'),
  noTls: err('TLS is switched off on this server'),

  challenge: (base64: string): Reply => ({ head: Buffer.from(`+ ${base64}\r\n`), failed: false }),
  mechanisms: (names: readonly string[]) => multiline('Mechanisms follow', encoder(names)),
  unknownMechanism: err('That mechanism is not offered here; AUTH alone lists those that are'),
  loginCancelled: err('The login was cancelled'),
  notBase64: err('That is not base64; * on a line alone cancels a login'),
  malformedResponse: err('That is not what the mechanism asks for'),
  userTaken: ok('Now PASS and the password'),
  loggedIn: (messages: number, octets: number) => ok(`${count(messages)} (${octets} octets)`),
  wrongLogin: err('Name or password is wrong', 'AUTH'),
  /** Neither is [AUTH] (RFC 3206 §4): no password was looked at. */
  otherBinding: err(CHANNEL_BINDINGS),
  hiddenBinding: err('SCRAM-SHA-256-PLUS is offered here, and something on the way hid it from your client'),
  /** Not [AUTH] (RFC 3206 §4): the password was not looked at, and a mail program must not ask its owner for another. */
  tooManyFailedLogins: (retryAfterMs: number) =>
    err(`Too many failed logins; try again in ${inMinutes(retryAfterMs)}`, 'SYS/TEMP'),
  tooManyLogins: err('Too many log in at this moment; try again in a moment', 'SYS/TEMP'),
  privateOnly: err(
    'A password in clear text is taken only under TLS; send STLS first, or use the port of POP3 over TLS',
    'AUTH',
  ),
  needUser: err('USER comes first'),
  needLogin: err('USER and PASS, or AUTH, come first'),
  loggedInAlready: err('You are logged in already; QUIT ends the session'),

  status: (messages: number, octets: number) => ok(`${messages} ${octets}`),
  scan: (messages: number, octets: number, lines: Source) => multiline(`${count(messages)} (${octets} octets)`, lines),
  one: (number: number, what: number | string) => ok(`${number} ${what}`),
  message: (octets: number, body: Source) => multiline(`${octets} octets`, body, true),
  noSuchMessage: err('There is no such message'),
  marked: err('That message is marked for removal; RSET keeps it'),
  markedNow: (number: number) => ok(`Message ${number} will be removed at QUIT`),
  restored: (messages: number, octets: number) => ok(`${count(messages)} (${octets} octets), none marked`),

  bye: ok('Bye'),
  byeRemoved: (removed: number, left: number) => ok(`Bye; ${count(removed)} removed, ${left} left`),
  notRemoved: err('The removal could not be confirmed; look again at the next login', 'SYS/TEMP'),

  unknownCommand: err('Command not recognized; HELP lists the commands'),
  unreadable: err('A command is one line of UTF-8 text ended by CRLF, without NUL, bare CR or bare LF'),
  lineTooLong: err('Line too long'),
  syntax: (syntax: string, why = 'Syntax error') => err(`${why}; the syntax is ${syntax}`),
  tooMuchJunk: err('Too many commands that do nothing; closing, nothing was removed', 'SYS/PERM'),
  tooManyErrors: err('Too many errors; closing'),
  idle: err('Nothing heard for too long; closing, nothing was removed'),
  sessionTooLong: err('This session has lasted too long; closing, nothing was removed', 'SYS/TEMP'),
  earlyTalker: err('You sent something before the greeting; closing', 'SYS/PERM'),
  otherProtocol: err('This is a POP3 server, and that is no command of POP3; closing'),
  serverFull: err('The server has all the sessions it may have; try again in a moment', 'SYS/TEMP'),
  tooManySessions: err('Your address has too many sessions here; close one, or try again later', 'SYS/TEMP'),
  tooManyNewSessions: err('Your address begins sessions too often; try again in a minute', 'SYS/TEMP'),
  revoked: err('Your login does not stand any more; closing, nothing was removed', 'SYS/TEMP'),
  stopping: err('The server is stopping; try again in a moment', 'SYS/TEMP'),
  injected: err('Nothing may follow STLS before the TLS handshake; closing', 'SYS/PERM'),
  internal: err('Something went wrong here; closing, nothing was removed', 'SYS/TEMP'),
} as const;

function count(messages: number): string {
  return messages === 1 ? '1 message' : `${messages} messages`;
}

/** A StoreError in POP3's words: its message stays in the log, but for who holds a maildrop. */
const failures: Readonly<Record<Exclude<StoreErrorKind, 'in-use'>, Reply>> = {
  // RFC 2449 §8.1.1: a mistake of the client's, which CAPA has told how long to wait.
  'too-soon': err('This login was here a moment ago; CAPA says how long to wait in between', 'LOGIN-DELAY'),
  busy: trouble('The mail store is busy; try again in a moment', 'SYS/TEMP'),
  full: trouble('The mail store is full; try again later', 'SYS/TEMP'),
  'over-quota': trouble('The mailbox is over its quota', 'SYS/PERM'),
  'over-limit': trouble('The account has sent too much', 'SYS/TEMP'),
  'over-rate': trouble('The device has sent too much', 'SYS/TEMP'),
  'over-quota-meanwhile': trouble('The mailbox has become full', 'SYS/TEMP'),
  missing: trouble('The message was removed meanwhile', 'SYS/PERM'),
  refused: trouble('The mail store refused that', 'SYS/PERM'),
  unavailable: trouble('The mail store cannot be reached; try again in a moment', 'SYS/TEMP'),
  bug: trouble('Something went wrong in the mail store; try again later', 'SYS/TEMP'),
};

export function failureReply(error: StoreError): Reply {
  return error.kind === 'in-use' ? inUse(error) : failures[error.kind];
}

/** RFC 2449 §8.1.2; since when and from where, so that one knows which client to close. */
function inUse({ holder }: StoreError): Reply {
  const since = holder === undefined ? '' : ` since ${new Date(holder.sinceMs).toISOString()} from ${holder.from}`;
  return trouble(`The maildrop is open${since}; close that session, or try again later`, 'IN-USE');
}
