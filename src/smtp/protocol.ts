/**
 * SMTP as this server speaks it: RFC 5321, with PIPELINING (RFC 2920), SIZE (RFC 1870), 8BITMIME (RFC 6152),
 * ENHANCEDSTATUSCODES (RFC 2034, RFC 3463), CHUNKING (RFC 3030), SMTPUTF8 (RFC 6531) and LIMITS (RFC 9422).
 * Submission adds AUTH (RFC 4954). The table at the end is the dispatch; EHLO, HELP and docs/protocols.md are generated from it.
 */
import type { Row } from '../session/command.js';
import { syntaxOf } from '../session/help.js';
import { usualLimits } from '../session/limits.js';
import { tableOf, type Protocol } from '../session/protocol.js';
import type { Reply } from '../session/reply.js';
import { auth } from './commands/auth.js';
import { bdat } from './commands/bdat.js';
import { data } from './commands/data.js';
import { ehlo, helo, lhlo } from './commands/hello.js';
import { help } from './commands/help.js';
import { mail } from './commands/mail.js';
import { noop } from './commands/noop.js';
import { quit } from './commands/quit.js';
import { rcpt } from './commands/rcpt.js';
import { rset } from './commands/rset.js';
import { starttls } from './commands/starttls.js';
import { expn, vrfy } from './commands/verify.js';
import { xclient } from './commands/xclient.js';
import type { SmtpContext, SmtpNeed } from './context.js';
import { failureReply, replies } from './replies.js';
import { start, type Hello, type SmtpState } from './state.js';
import { dropReceiver } from './transaction.js';

type SmtpRow = Row<SmtpState, SmtpContext, SmtpNeed>;

const table = tableOf<SmtpState, SmtpContext, SmtpNeed>([
  ehlo,
  helo,
  starttls,
  mail,
  rcpt,
  data,
  bdat,
  rset,
  noop,
  vrfy,
  expn,
  xclient,
  help,
  quit,
]);

/** RFC 2033: no other greeting, and nobody's address is asked after in lists. */
const lmtpTable = tableOf<SmtpState, SmtpContext, SmtpNeed>([
  lhlo,
  starttls,
  mail,
  rcpt,
  data,
  bdat,
  rset,
  noop,
  vrfy,
  help,
  quit,
]);

/** Mail from other servers, for the accounts here: nobody logs in (RFC 5321). */
export const mx: Protocol<SmtpState, SmtpContext, SmtpNeed> = {
  name: 'smtp',
  limits: {
    ...usualLimits,
    // RFC 5321 §4.5.3.1.4 asks for 512; parameters and UTF-8 addresses need more (RFC 6531 §3.4, RFC 4954 §4.3).
    lineLimitBytes: 2048,
    // RFC 5321 §4.5.3.2.7 asks for at least five minutes.
    commandTimeoutMs: 5 * 60_000,
  },
  commands: table,
  gates: { login: () => undefined, front },
  initial: start,
  connectionRefusals: {
    full: replies.serverFull,
    'too-many': replies.tooManySessions,
    'too-often': replies.tooManyNewSessions,
  },
  greeting: ({ settings }) => replies.greeting(settings.hostname),
  atRest: ({ at }) => at === 'start' || at === 'greeted',
  grantOf: (state) => ('hello' in state ? state.hello.login : undefined),
  underTls: (state) => ({ at: 'start', ...forwardedHeloIn(state) }),
  abandon: dropReceiver,
  errorReplies: {
    unknown: () => replies.unknownCommand,
    syntax: (row, why) => replies.syntax(syntaxOf(row), why),
    badSequence: badSequenceBefore(replies.needHello),
    unreadable: replies.unreadable,
    lineTooLong: replies.lineTooLong,
    tooManyErrors: replies.tooManyErrors,
    tooMuchJunk: replies.tooMuchJunk,
    idle: replies.idle,
    slow: replies.slow,
    session: replies.sessionTooLong,
    earlyTalker: replies.earlyTalker,
    otherProtocol: replies.otherProtocol,
    injected: replies.injected,
    revoked: replies.revoked,
    stopping: replies.stopping,
    internal: replies.internal,
    failed: failureReply,
  },
};

/** Mail from people and devices, who log in first (RFC 6409). */
export const submission: Protocol<SmtpState, SmtpContext, SmtpNeed> = {
  ...mx,
  name: 'submission',
  limits: {
    ...mx.limits,
    // RFC 4954 §4: a line of an authentication exchange may be as long as this, its CRLF included.
    lineLimitBytes: 12_288 - 2,
  },
  commands: new Map([...table, [auth.verb, auth]]),
  gates: {
    ...mx.gates,
    login: (context, state) =>
      'hello' in state && state.hello.login !== undefined ? undefined : replies.needLogin(context),
  },
};

/** Mail from a server in front, which keeps it until each recipient was answered for (RFC 2033). */
export const lmtp: Protocol<SmtpState, SmtpContext, SmtpNeed> = {
  ...mx,
  name: 'lmtp',
  limits: {
    ...mx.limits,
    // A front that takes lines as long as ours passes their paths on, with parameters of its own behind them.
    lineLimitBytes: mx.limits.lineLimitBytes + 256,
    // One session carries the mail of all the front's senders: an unknown recipient is not the front's mistake.
    quickErrors: 1000,
    errorLimit: 1000,
  },
  commands: lmtpTable,
  greeting: ({ settings }) => replies.lmtpGreeting(settings.hostname),
  errorReplies: {
    ...mx.errorReplies,
    unknown: (verb) => (verb === 'EHLO' || verb === 'HELO' ? replies.notSmtp : replies.unknownCommand),
    badSequence: badSequenceBefore(replies.needLhlo),
    otherProtocol: replies.otherProtocolThanLmtp,
  },
};

/** What a front said of its client: TLS changes nothing of that. */
function forwardedHeloIn(state: SmtpState): Pick<Hello, 'forwardedHelo'> {
  const { forwardedHelo }: Partial<Hello> = state.at === 'start' ? state : state.hello;
  return { ...(forwardedHelo && { forwardedHelo }) };
}

function front({ isFront }: SmtpContext): Reply | undefined {
  return isFront === true ? undefined : replies.notForYou;
}

/** Names what comes first, or what must end first. */
function badSequenceBefore(needHello: Reply): (row: SmtpRow, state: SmtpState) => Reply {
  return (row, state) => {
    if (state.at === 'start') return needHello;
    if (state.at === 'chunking') return replies.chunksOpen;
    return row.at.includes('greeted') ? replies.transactionOpen : replies.needMail;
  };
}
