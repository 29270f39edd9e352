/**
 * AUTH (RFC 4954): proves who the client is, by one of the SASL mechanisms of src/auth/sasl.ts. The login stays with the
 * session until it ends or TLS begins; RSET and EHLO leave it alone. Stands in the table of submission only.
 */
import { authenticate, type AuthReplies, type Beginning } from '../../auth/exchange.js';
import { grantOf } from '../../auth/login.js';
import { findMechanism, isOffered, offeredTo } from '../../auth/sasl.js';
import { stay, type Outcome } from '../../session/command.js';
import { parsed, unparsed, type Grammar } from '../../session/grammar.js';
import { defineCommand, type SmtpContext } from '../context.js';
import { replies } from '../replies.js';
import type { Greeted, Login, SmtpState } from '../state.js';

interface AuthArgument {
  readonly name: string;
  readonly initial: string | undefined;
}

/** `mechanism [SP initial-response]`, with any blanks between: RFC 4422 §3.1 names mechanisms with up to 20 characters. */
const authArgument: Grammar<AuthArgument> = (text) => {
  const match = /^([A-Za-z0-9_-]{1,20})(?:[ \t]+([^ \t]+))?$/.exec(text);
  return match === null ? unparsed : parsed({ name: match[1] as string, initial: match[2] });
};

export const auth = defineCommand({
  verb: 'AUTH',
  rfc: 'RFC 4954 §4',
  help: {
    syntax: 'mechanism [initial-response]',
    summary: 'logs in; the mechanisms stand in the reply to EHLO, and * on a line alone cancels',
    example: 'AUTH PLAIN AGFsaWNlAHNlY3JldA==',
    next: 'what the mechanism asks for, in base64; then MAIL FROM',
  },
  grammar: authArgument,
  at: ['greeted'],
  secret: true,
  announce: ({ peer }) => [
    `AUTH ${offeredTo(peer)
      .map((mechanism) => mechanism.name)
      .join(' ')}`,
  ],
  refuse: ({ hello }) => (hello.login === undefined ? undefined : replies.loggedInAlready),
  run({ name, initial }, state, context) {
    const mechanism = findMechanism(name);
    if (mechanism === undefined) return stay(replies.unknownMechanism);
    if (!isOffered(mechanism, context.peer))
      return stay(mechanism.needs === 'privacy' ? replies.privateOnly(context) : replies.unknownMechanism);
    return logIn({ mechanism, initial }, state, context);
  },
});

/** `as`: what the login that was proved counts as. */
export function logIn(
  { mechanism, initial }: Omit<Beginning, 'scope'>,
  state: Greeted,
  context: SmtpContext,
  as: (login: Login) => Login = (login) => login,
): Outcome<SmtpState> | Promise<Outcome<SmtpState>> {
  const login = { name: mechanism.name, as };
  return authenticate({ mechanism, initial, scope: 'smtp' }, context, authRepliesOf(login, state, context));
}

interface Proof {
  /** Of the mechanism. */
  readonly name: string;
  readonly as: (login: Login) => Login;
}

function authRepliesOf({ name, as }: Proof, state: Greeted, { counters }: SmtpContext): AuthReplies<SmtpState> {
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
    failed: () => replies.loginUnavailable,
    welcome(proved) {
      const { address } = proved.account;
      counters.account = address;
      counters.mechanism = name;
      const login = as({ address, ...grantOf(proved, 'smtp') });
      return stay(replies.loggedIn, { ...state, hello: { ...state.hello, login } });
    },
  };
}
