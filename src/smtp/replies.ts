/**
 * Every reply of SMTP by its meaning (RFC 5321 §4.2, enhanced codes of RFC 3463 and RFC 5248).
 * The class of the enhanced code follows from the reply code; constants are encoded once.
 */
import { Buffer } from 'node:buffer';
import { CRLF } from '../bytes/line-ends.js';
import { isPrivate, type Peer } from '../session/channel.js';
import { inMinutes, type Reply } from '../session/reply.js';
import type { StoreError, StoreErrorKind } from '../store/errors.js';

export interface SmtpReply extends Reply {
  readonly code: number;
}

/** What the words for a client that is to log in depend on. */
interface Reach {
  readonly peer: Peer;
  readonly offersTls: boolean;
}

/** RFC 5321 §4.5.3.1.5: of a line of a reply, with its code and CRLF. */
const LINE_LIMIT_BYTES = 512;
const CODE_BYTES = '250-'.length;
/** Of UTF-8 for a unit of a string, at most. */
const BYTES_PER_UNIT = 3;
/** Of a word that the client made up, more is not repeated. */
const SHOWN_CHARACTERS = 64;

/** `detail` is the enhanced code without its class, as '5.1'; greetings and EHLO have none (RFC 2034 §4). */
function reply(code: number, detail: string | undefined, ...lines: readonly string[]): SmtpReply {
  const enhanced = detail === undefined ? '' : `${Math.floor(code / 100)}.${detail} `;
  const room = LINE_LIMIT_BYTES - CODE_BYTES - enhanced.length - CRLF.length;
  const fitting = lines.every(({ length }) => length * BYTES_PER_UNIT <= room)
    ? lines
    : lines.flatMap((line) => wrapped(line, room));
  const last = fitting.length - 1;
  const text = fitting.map((line, at) => `${code}${at === last ? ' ' : '-'}${enhanced}${line}\r\n`).join('');
  return { code, head: Buffer.from(text), failed: code >= 400 };
}

/** Two addresses may be longer than a line: what does not fit goes on in the next, where a word begins if there is one. */
function wrapped(line: string, room: number): readonly string[] {
  if (Buffer.byteLength(line) <= room) return [line];
  const lines = [''];
  for (const word of line.split(/(?<= )/).flatMap((long) => cut(long, room))) {
    const longer = `${lines.at(-1) ?? ''}${word}`;
    if (Buffer.byteLength(longer) <= room) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.filter((each) => each !== '');
}

/** Between characters. */
function cut(word: string, room: number): readonly string[] {
  if (Buffer.byteLength(word) <= room) return [word];
  const pieces = [''];
  for (const character of word) {
    const longer = `${pieces.at(-1) ?? ''}${character}`;
    if (Buffer.byteLength(longer) <= room) pieces[pieces.length - 1] = longer;
    else pieces.push(character);
  }
  return pieces;
}

function shown(name: string): string {
  return name.length > SHOWN_CHARACTERS ? `${name.slice(0, SHOWN_CHARACTERS)}...` : name;
}

/** The server's own trouble: no mistake of the client, who may try as often as it likes. */
function trouble(code: number, detail: string, text: string): SmtpReply {
  return { ...reply(code, detail, text), failed: false };
}

const PRIVATE_ONLY = 'A password in clear text is taken only under TLS, or by SCRAM-SHA-256 without sending it';
const CHANNEL_BINDINGS =
  'This channel binding is not offered here; with SCRAM-SHA-256-PLUS, tls-server-end-point is, tls-exporter under TLS 1.3 and tls-unique under TLS 1.2';
const LOGIN_FIRST = 'Mail is taken here from those who log in';
const loginFirst = reply(530, '7.0', `${LOGIN_FIRST}; AUTH comes first`);

export const replies = {
  greeting: (hostname: string) => reply(220, undefined, `${hostname} ESMTP Pennypost; HELP shows the commands`),
  lmtpGreeting: (hostname: string) => reply(220, undefined, `${hostname} LMTP Pennypost; HELP shows the commands`),
  hello: (hostname: string, extensions: readonly string[]) => reply(250, undefined, hostname, ...extensions),
  help: (lines: readonly string[]) => reply(214, '0.0', ...lines),
  noSuchHelp: reply(504, '5.4', 'There is no such command; HELP alone lists them'),

  ok: reply(250, '0.0', 'OK'),
  reset: reply(250, '0.0', 'Reset: the next command may be MAIL FROM'),
  beginTls: reply(220, '0.0', 'Begin TLS'),
  tlsAlready: reply(503, '5.1', 'TLS has begun already'),
  noTls: reply(502, '5.1', 'TLS is switched off on this server'),
  challenge: (base64: string) => reply(334, undefined, base64),
  loggedIn: reply(235, '7.0', 'Logged in'),
  wrongLogin: reply(535, '7.8', 'Name or password is wrong'),
  /** No password was looked at for these two. */
  otherBinding: reply(535, '7.8', CHANNEL_BINDINGS),
  hiddenBinding: reply(
    535,
    '7.8',
    'SCRAM-SHA-256-PLUS is offered here, and something on the way hid it from your client',
  ),
  /** A 4yz: the password was not looked at, and a mail program must not ask its owner for another. */
  tooManyFailedLogins: (retryAfterMs: number) =>
    reply(454, '7.0', `Too many failed logins; try again in ${inMinutes(retryAfterMs)}`),
  tooManyLogins: reply(454, '7.0', 'Too many log in at this moment; try again in a moment'),
  loginUnavailable: trouble(454, '7.0', 'Nobody can log in now, because the mail store is away; try again in a moment'),
  privateOnly: ({ offersTls }: Pick<Reach, 'offersTls'>) =>
    offersTls ? reply(538, '7.11', `${PRIVATE_ONLY}; send STARTTLS first`) : reply(538, '7.11', PRIVATE_ONLY),
  unknownMechanism: reply(504, '5.4', 'That mechanism is not offered here; EHLO lists those that are'),
  loginCancelled: reply(501, '7.0', 'The login was cancelled'),
  notBase64: reply(501, '5.2', 'That is not base64; * on a line alone cancels a login'),
  malformedResponse: reply(501, '5.2', 'That is not what the mechanism asks for'),
  loggedInAlready: reply(503, '5.1', 'You are logged in already; QUIT ends the session'),
  bye: reply(221, '0.0', 'Bye'),
  senderOk: reply(250, '1.0', 'Sender OK'),
  recipientOk: reply(250, '1.5', 'Recipient OK'),
  sendData: reply(354, undefined, 'Send the message; end it with a line that holds only a dot'),
  accepted: (id: string) => reply(250, '0.0', `Accepted as ${id}`),
  acceptedFor: (path: string, id: string) => reply(250, '1.5', `<${path}> accepted as ${id}`),
  chunkTaken: (octets: number) => reply(250, '0.0', `${octets} octets received`),
  cannotVerify: reply(252, '1.5', 'Addresses are not verified here; send the message and see'),
  notForYou: reply(550, '7.0', 'XCLIENT is for the fronts that are listed here, and you are none'),
  noExpansion: reply(502, '5.1', 'EXPN is not offered here'),

  unknownCommand: reply(500, '5.2', 'Command not recognized; HELP lists the commands'),
  unreadable: reply(500, '5.2', 'A command is one line of UTF-8 text ended by CRLF, without NUL, bare CR or bare LF'),
  lineTooLong: reply(500, '5.6', 'Line too long'),
  syntax: (syntax: string, why = 'Syntax error') => reply(501, '5.4', `${why}; the syntax is ${syntax}`),
  needLogin: ({ peer, offersTls }: Reach) =>
    isPrivate(peer) || !offersTls ? loginFirst : reply(530, '7.0', `${LOGIN_FIRST}; STARTTLS and AUTH come first`),
  notSmtp: reply(500, '5.1', 'This is LMTP: LHLO comes first'),
  needLhlo: reply(503, '5.1', 'LHLO comes first'),
  needHello: reply(503, '5.1', 'EHLO or HELO comes first'),
  needMail: reply(503, '5.1', 'MAIL FROM comes first'),
  needRecipients: reply(503, '5.1', 'RCPT TO comes first'),
  transactionOpen: reply(503, '5.1', 'A transaction is open already; RSET abandons it'),
  chunksOpen: reply(503, '5.1', 'BDAT has begun; more BDAT, BDAT LAST or RSET comes next'),

  badSender: reply(501, '1.7', 'Sender address not understood; the syntax is MAIL FROM:<local@domain>'),
  badRecipient: reply(501, '1.3', 'Recipient address not understood; the syntax is RCPT TO:<local@domain>'),
  badParameter: (name: string) => reply(501, '5.4', `The value of ${name} is not understood`),
  unknownParameter: (name: string) => reply(555, '5.4', `Parameter ${shown(name)} is not offered here`),
  heldTooLong: (days: number) => reply(501, '5.4', `No message is held here for more than ${days} days`),
  /** A copy in a maildrop could be read before its time. */
  heldForOthers: (path: string) =>
    reply(550, '3.3', `<${path}> is here, and only mail for other domains can be held; send to it without HOLDFOR`),
  noBinaryMime: reply(555, '6.1', 'BODY=BINARYMIME is not offered here; use 8BITMIME'),
  needUtf8: reply(553, '6.7', 'This address needs the SMTPUTF8 parameter on MAIL FROM'),

  notYourAddress: (path: string, login: string) =>
    reply(550, '7.1', `<${path}> is no address of ${login}, who is logged in; send as one that leads there`),
  /** It need not have logged in, and whoever reads this can seldom change what it sends as. */
  notTheDevicesAddress: (path: string, { address, device }: { readonly address: string; readonly device: string }) =>
    reply(
      550,
      '7.1',
      `<${path}> is no address of ${address}, the account of this device; 'pennypost device set ${device} --from ${address}' makes it send as that`,
    ),

  unknownMailbox: (path: string) => reply(550, '1.1', `<${path}> has no mailbox here`),
  noRelay: (path: string) => reply(550, '7.1', `<${path}> is not in a domain of this server, and it does not relay`),
  noOutbound: (path: string) =>
    reply(550, '7.1', `<${path}> is not in a domain of this server, and outbound mail is off here (--outbound)`),
  /** Why is for the operator: another server's words may be in it. */
  suppressed: (path: string) =>
    reply(550, '7.1', `<${path}> is suppressed here: nothing is sent to it any more; the operator can remove that`),
  /** An alias that leads to another server, which its postmaster must know of. */
  noWayOut: (path: string) =>
    trouble(451, '3.5', `<${path}> leads to another server, and outbound mail is off here (--outbound)`),
  /** By an administrator's words; `status` is an enhanced code. */
  routedNowhere: (path: string, status: string, text: string) =>
    reply(550, status.slice(status.indexOf('.') + 1), `<${path}>: ${text}`),
  /**
   * RFC 5321 §4.2.2 keeps 552 for what is beyond its allocation and 452 for a lack of the system's own storage.
   * RFC 3463 §3.3 would have X.2.2 transient; a maildrop that is full tends to stay so, and its sender hears of it now.
   */
  mailboxFull: (path: string) => trouble(552, '2.2', `<${path}>: the mailbox is full`),
  disabledMailbox: (path: string) => trouble(550, '2.1', `<${path}>: the mailbox is disabled and takes no mail`),
  anotherCopy: (path: string) =>
    trouble(452, '5.3', `<${path}>: another copy for this mailbox comes in another transaction`),
  /** No mistake: whoever sends to more recipients cannot know how many maildrops an alias leads to (RFC 5321 §4.5.3.1.10). */
  tooManyRecipients: trouble(452, '5.3', 'Too many recipients; send this message to the rest in another transaction'),
  tooManyMembers: (path: string) =>
    trouble(451, '3.5', `<${path}> leads to too many mailboxes; its postmaster must change that`),
  /** No mistake, and the rest of the message goes: whoever has sent too much tries again later. */
  overLimit: trouble(
    450,
    '7.1',
    'You have sent to as many recipients in other domains as you may for now; try again later',
  ),
  /** It would be refused at any time: its sender is to know that now, and its administrator has the line in the log. */
  beyondLimit: (path: string, recipients: number) =>
    reply(
      550,
      '7.1',
      `<${path}> is ${recipients} ${recipients === 1 ? 'recipient' : 'recipients'} in other domains, and you may never send to so many at once; your administrator can raise that (account limit)`,
    ),
  /** Instead of a greeting, or when it was removed meanwhile. */
  notListed: (address: string) =>
    reply(
      554,
      '7.1',
      `Mail is taken here from listed devices, and ${address} is none; 'pennypost device add NAME --network ${address}' lists it`,
    ),
  staysHere: (path: string, device: string) =>
    reply(
      550,
      '7.1',
      `<${path}> is not in a domain of this server, and device ${device} has no account to send elsewhere for (--account)`,
    ),
  notToDomain: (path: string, device: string) =>
    reply(550, '7.1', `<${path}> is in no domain that device ${device} may send to (--to-domains)`),
  /** No mistake: it tries again later. */
  overRate: trouble(450, '7.1', 'This device has sent as many messages as it may for now; try again later'),
  /** Of a device whose lines end with LF: what follows may be the rest of the message, and no commands. */
  cutShort: reply(
    554,
    '5.0',
    'More came behind a line with a dot alone, which an LF ended: wait for the reply there, or end all lines with CRLF; closing',
  ),
  tooLarge: (limit: number) => reply(552, '3.4', `The message is larger than ${limit} octets`),
  bareNewline: reply(550, '5.2', 'The message holds a CR or LF that is not part of a CRLF; lines must end with CRLF'),
  looping: (limit: number) => reply(554, '4.6', `The message has passed more than ${limit} servers; it seems to loop`),

  tooManyErrors: reply(421, '7.0', 'Too many errors; closing'),
  tooMuchJunk: reply(421, '7.0', 'Too many commands that do nothing; closing'),
  idle: reply(421, '4.2', 'Nothing heard for too long; closing'),
  slow: reply(421, '4.2', 'The message comes too slowly; closing'),
  sessionTooLong: reply(421, '4.2', 'This session has lasted too long; closing'),
  earlyTalker: reply(554, '5.1', 'You sent something before the greeting; closing'),
  otherProtocol: reply(500, '5.2', 'This is an SMTP server, and that is no command of SMTP; closing'),
  otherProtocolThanLmtp: reply(500, '5.2', 'This is an LMTP server, and that is no command of LMTP; closing'),
  serverFull: reply(421, '3.2', 'The server has all the sessions it may have; try again in a moment'),
  tooManySessions: reply(421, '7.0', 'Your address has too many sessions here; close one, or try again later'),
  tooManyNewSessions: reply(421, '7.0', 'Your address begins sessions too often; try again in a minute'),
  revoked: reply(421, '7.0', 'Your login does not stand any more; log in again'),
  stopping: reply(421, '3.2', 'The server is stopping; try again in a moment'),
  injected: reply(421, '7.0', 'Nothing may follow STARTTLS before the TLS handshake; closing'),
  internal: reply(421, '3.0', 'Something went wrong here; closing'),
} as const;

/** A StoreError in SMTP's words: its message stays in the log. */
const failures: Readonly<Record<StoreErrorKind, SmtpReply>> = {
  busy: trouble(451, '3.1', 'The mail store is busy; try again in a moment'),
  full: trouble(452, '3.1', 'The mail store is full; try again later'),
  'in-use': trouble(451, '2.1', 'The mailbox is in use; try again in a moment'),
  'too-soon': trouble(451, '2.1', 'The mailbox was in use a moment ago; try again later'),
  'over-quota': trouble(552, '2.2', 'The mailbox is over its quota'),
  // Temporary: RCPT says which, when the client sends it again.
  'over-quota-meanwhile': trouble(452, '2.2', "A recipient's mailbox has become full; send the message again"),
  'over-limit': replies.overLimit,
  'over-rate': replies.overRate,
  missing: trouble(550, '2.1', 'The mailbox was removed meanwhile'),
  refused: trouble(554, '3.0', 'The mail store refused the message'),
  unavailable: trouble(451, '3.0', 'The mail store cannot be reached; try again in a moment'),
  bug: trouble(451, '3.0', 'Something went wrong in the mail store; try again later'),
};

export function failureReply(error: StoreError): SmtpReply {
  return failures[error.kind];
}
