/**
 * POP3 as this server speaks it: RFC 1939 whole, with CAPA, RESP-CODES, PIPELINING, EXPIRE, LOGIN-DELAY and IMPLEMENTATION (RFC 2449),
 * SASL (RFC 5034), AUTH-RESP-CODE (RFC 3206) and UTF8 (RFC 6856).
 * The table is the dispatch; CAPA, HELP and docs/protocols.md are generated from it.
 */
import { isPrivate } from '../session/channel.js';
import type { Row } from '../session/command.js';
import { syntaxOf } from '../session/help.js';
import { usualLimits } from '../session/limits.js';
import { tableOf, type Protocol } from '../session/protocol.js';
import type { Reply } from '../session/reply.js';
import { auth } from './commands/auth.js';
import { capa } from './commands/capa.js';
import { dele } from './commands/dele.js';
import { help } from './commands/help.js';
import { list, uidl } from './commands/list.js';
import { pass, user } from './commands/login.js';
import { noop } from './commands/noop.js';
import { quit } from './commands/quit.js';
import { retr, top } from './commands/retr.js';
import { rset } from './commands/rset.js';
import { stls } from './commands/stls.js';
import { stat } from './commands/stat.js';
import { utf8 } from './commands/utf8.js';
import type { Pop3Context, Pop3Need } from './context.js';
import { failureReply, replies } from './replies.js';
import { authorization, type Pop3State } from './state.js';

type Pop3Row = Row<Pop3State, Pop3Context, Pop3Need>;

const table = tableOf<Pop3State, Pop3Context, Pop3Need>([
  stls,
  user,
  pass,
  auth,
  stat,
  list,
  uidl,
  retr,
  top,
  dele,
  rset,
  noop,
  capa,
  utf8,
  help,
  quit,
]);

export const pop3: Protocol<Pop3State, Pop3Context, Pop3Need> = {
  name: 'pop3',
  limits: {
    ...usualLimits,
    // RFC 2449 §4 asks for 255; UTF-8 names and long passwords need more (RFC 6856 §2.1), and more again in base64 (RFC 5034 §4).
    lineLimitBytes: 4096,
    // RFC 1939 §3 asks for at least ten minutes.
    commandTimeoutMs: 10 * 60_000,
  },
  commands: table,
  gates: { private: ({ peer }) => (isPrivate(peer) ? undefined : replies.privateOnly) },
  initial: authorization,
  connectionRefusals: {
    full: replies.serverFull,
    'too-many': replies.tooManySessions,
    'too-often': replies.tooManyNewSessions,
  },
  greeting: ({ settings }) => replies.greeting(settings.hostname),
  atRest: ({ at }) => at === 'authorization',
  grantOf: (state) => (state.at === 'transaction' ? state.grant : undefined),
  abandon(state) {
    if (state.at === 'transaction') void state.maildrop.release();
  },
  errorReplies: {
    unknown: () => replies.unknownCommand,
    syntax: (row, why) => replies.syntax(syntaxOf(row), why),
    badSequence,
    unreadable: replies.unreadable,
    lineTooLong: replies.lineTooLong,
    tooManyErrors: replies.tooManyErrors,
    tooMuchJunk: replies.tooMuchJunk,
    idle: replies.idle,
    slow: replies.idle,
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

function badSequence(_: Pop3Row, state: Pop3State): Reply {
  return state.at === 'authorization' ? replies.needLogin : replies.loggedInAlready;
}
