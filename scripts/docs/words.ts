/**
 * What the tables in src/ leave to a reader: words for states, gates, kinds of failure and extensions.
 * A state or a kind that has no words here does not compile; an extension that has none fails the test.
 */
import type { SmtpNeed } from '../../src/smtp/context.js';
import type { Pop3Need } from '../../src/pop3/context.js';
import type { Mechanism } from '../../src/auth/mechanism.js';
import type { Pop3State } from '../../src/pop3/state.js';
import type { SmtpState } from '../../src/smtp/state.js';
import type { StoreErrorKind } from '../../src/store/errors.js';

export const smtpStates: Readonly<Record<SmtpState['at'], string>> = {
  start: 'connected; EHLO or HELO has not come yet',
  greeted: 'the client has said its name; no message is open',
  transaction: 'MAIL FROM was taken; recipients are being named',
  chunking: 'a first BDAT was taken; more follow until LAST',
};

export const pop3States: Readonly<Record<Pop3State['at'], string>> = {
  authorization: 'connected; nobody has logged in yet',
  transaction: 'logged in; the maildrop is open for this session alone',
};

export const pop3Gates: Readonly<Record<Pop3Need, string>> = {
  private:
    'TLS is on, or the client speaks from this machine itself (127.0.0.0/8 or ::1), so that a password cannot be overheard',
};

export const submissionGates: Readonly<Record<Extract<SmtpNeed, 'login'>, string>> = {
  login: 'AUTH has succeeded; STARTTLS shuts it again. Where mail comes from other servers it stands open',
};

/** By what a mechanism needs. */
export const mechanismNeeds: Readonly<Record<Mechanism['needs'], string>> = {
  nothing: 'always; the password is not sent',
  privacy: 'under TLS, or to a client that speaks from this machine itself',
  binding:
    'under TLS; the login is tied to this connection (`tls-server-end-point` and, before TLS 1.3, `tls-unique` of RFC 5929; `tls-exporter` of RFC 9266)',
};

export const mechanismWords: Readonly<Record<string, readonly [rfc: string, words: string]>> = {
  'SCRAM-SHA-256-PLUS': ['RFC 5802, RFC 7677', 'proves the password and the connection, each side to the other'],
  'SCRAM-SHA-256': ['RFC 5802, RFC 7677', 'proves the password, each side to the other'],
  PLAIN: ['RFC 4616', 'sends name and password in one message'],
  LOGIN: ['no RFC', 'sends name and password when asked for each'],
};

export const failureKinds: Readonly<Record<StoreErrorKind, string>> = {
  busy: 'the store is behind',
  full: 'the disk is full',
  'in-use': 'another session holds the maildrop',
  'over-quota': 'the account or its domain may not hold more',
  'over-quota-meanwhile': 'one of several recipients has come above its quota',
  'over-limit': 'the account has sent to as many elsewhere as it may',
  'too-soon': 'the same login opened its maildrop less than `--login-delay` ago',
  'over-rate': 'the device has sent as many messages as it may for now',
  missing: 'what was named is not there any more',
  refused: 'a change that makes no sense',
  unavailable: 'the store cannot be reached, or cannot write',
  bug: 'the store met a bug of ours',
};

/** By the first word of what is announced. */
export const smtpExtensions: Readonly<Record<string, readonly [rfc: string, meaning: string]>> = {
  STARTTLS: ['RFC 3207', "TLS begins at the client's word; not announced once it has"],
  PIPELINING: ['RFC 2920', 'commands may follow each other without waiting; replies are written together'],
  ENHANCEDSTATUSCODES: ['RFC 2034', 'replies carry the codes of RFC 3463'],
  SIZE: ['RFC 1870', 'the largest message, checked at MAIL and counted while the body arrives'],
  '8BITMIME': ['RFC 6152', 'a body may hold octets above 127'],
  SMTPUTF8: ['RFC 6531', 'addresses and header fields may hold UTF-8, when MAIL asks for it'],
  REQUIRETLS: [
    'RFC 8689',
    'the message is sent on by TLS with a verified certificate, to servers that promise the same, or goes back; announced under TLS, with `--outbound relay`',
  ],
  LIMITS: ['RFC 9422', 'the most recipients of one transaction'],
  CHUNKING: ['RFC 3030', 'BDAT; BODY=BINARYMIME is not offered and refused with 555'],
  HELP: ['RFC 5321', 'HELP, for a person in telnet'],
};

export const submissionExtensions: Readonly<Record<string, readonly [rfc: string, meaning: string]>> = {
  DSN: [
    'RFC 3461',
    'MAIL takes RET and ENVID, RCPT takes NOTIFY and ORCPT: [which reports the sender gets](#reports-to-senders)',
  ],
  FUTURERELEASE: [
    'RFC 4865',
    '[HOLDFOR and HOLDUNTIL](#messages-that-are-held) of MAIL: the most seconds, and the latest time; with `--outbound relay`',
  ],
  AUTH: ['RFC 4954', 'the mechanisms that may be used now; MAIL takes the AUTH parameter, which has no effect'],
};

export const pop3Capabilities: Readonly<Record<string, readonly [rfc: string, meaning: string]>> = {
  STLS: ['RFC 2595', "TLS begins at the client's word; not announced once it has"],
  USER: ['RFC 2449', 'USER and PASS are taken'],
  SASL: ['RFC 5034', 'AUTH, and the mechanisms that may be used now'],
  UIDL: ['RFC 2449', 'UIDL is there'],
  TOP: ['RFC 2449', 'TOP is there'],
  PIPELINING: ['RFC 2449', 'commands may follow each other without waiting'],
  'RESP-CODES': ['RFC 2449', 'a text in brackets after -ERR is a response code'],
  'AUTH-RESP-CODE': ['RFC 3206', 'a refused login says [AUTH] or [SYS/…]'],
  EXPIRE: [
    'RFC 2449',
    'after how many days mail is removed (`pennypost account expire`), before the login the fewest of all (USER); NEVER: nothing is removed by itself',
  ],
  'LOGIN-DELAY': ['RFC 2449', 'with `--login-delay`: how many seconds must lie between two logins'],
  IMPLEMENTATION: ['RFC 2449', 'the name of the program'],
  UTF8: ['RFC 6856', 'the UTF8 command; names and passwords may hold UTF-8 (USER)'],
};
