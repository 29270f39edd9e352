/**
 * AUTH (RFC 5034): proves whose mail it is by one of the SASL mechanisms of src/auth/sasl.ts, and opens the maildrop as
 * PASS does. AUTH alone lists the mechanisms, as clients older than CAPA ask.
 */
import { authenticate, type AuthReplies } from '../../auth/exchange.js';
import { findMechanism, isOffered, offeredTo } from '../../auth/sasl.js';
import type { Peer } from '../../session/channel.js';
import { stay } from '../../session/command.js';
import { parsed, unparsed, type Grammar } from '../../session/grammar.js';
import { defineCommand, type Pop3Context } from '../context.js';
import { failureReply, replies } from '../replies.js';
import type { Pop3State } from '../state.js';
import { openMaildrop } from './login.js';

interface AuthArgument {
  /** Undefined when the client asks what there is. */
  readonly name: string | undefined;
  readonly initial: string | undefined;
}

/** `[mechanism [SP initial-response]]`, with any blanks between: RFC 4422 §3.1 names mechanisms with up to 20 characters. */
const authArgument: Grammar<AuthArgument> = (text) => {
  const match = /^(?:([A-Za-z0-9_-]{1,20})(?:[ \t]+([^ \t]+))?)?$/.exec(text);
  return match === null ? unparsed : parsed({ name: match[1], initial: match[2] });
};

export const auth = defineCommand({
  verb: 'AUTH',
  rfc: 'RFC 5034 §4',
  help: {
    syntax: '[mechanism [initial-response]]',
    summary: 'logs in and opens the maildrop; alone, it lists the mechanisms; * on a line alone cancels',
    example: 'AUTH PLAIN AGFsaWNlAHNlY3JldA==',
    next: 'what the mechanism asks for, in base64; then STAT, LIST, UIDL, RETR, TOP, DELE or QUIT',
  },
  grammar: authArgument,
  at: ['authorization'],
  serves: 'none',
  secret: true,
  announce: ({ peer }) => [`SASL ${namesFor(peer).join(' ')}`],
  run({ name, initial }, _, context) {
    if (name === undefined) return stay(replies.mechanisms(namesFor(context.peer)));
    const mechanism = findMechanism(name);
    if (mechanism === undefined) return stay(replies.unknownMechanism);
    if (!isOffered(mechanism, context.peer))
      return stay(mechanism.needs === 'privacy' ? replies.privateOnly : replies.unknownMechanism);
    return authenticate({ mechanism, initial, scope: 'pop3' }, context, authRepliesOf(mechanism.name, context));
  },
});

function namesFor(peer: Peer): readonly string[] {
  return offeredTo(peer).map(({ name }) => name);
}

function authRepliesOf(mechanism: string, context: Pop3Context): AuthReplies<Pop3State> {
  return {
    challenge: replies.challenge,
    cancelled: replies.loginCancelled,
    notBase64: replies.notBase64,
    malformed: replies.malformedResponse,
    wrong: replies.wrongLogin,
    otherBinding: replies.otherBinding,
    hiddenBinding: replies.hiddenBinding,
    refused: replies.tooManyFailedLogins,
    crowded: replies.tooManyLogins,
    failed: failureReply,
    welcome: (login) => openMaildrop(login, mechanism, context),
  };
}
