/**
 * AUTH as SMTP and POP3 share it (RFC 4954 §4, RFC 5034 §4): base64, '=' for an empty initial response, '*' to cancel,
 * and from a mechanism's step to what the session does next. The words are the protocol's. A client that goes away
 * between two lines leaves nothing behind.
 */
import type { Peer } from '../session/channel.js';
import { stay, type Outcome, type State } from '../session/command.js';
import { withoutBlanks } from '../session/grammar.js';
import type { Reply } from '../session/reply.js';
import { StoreError } from '../store/errors.js';
import type { Scope } from '../store/shapes.js';
import type { Logins } from '../store/logins.js';
import { fromBase64 } from './base64.js';
import type { LoginCheck, Welcome } from './login.js';
import type { Exchange, Mechanism, Step } from './mechanism.js';

export interface AuthReplies<S extends State> {
  challenge(base64: string): Reply;
  readonly cancelled: Reply;
  readonly notBase64: Reply;
  /** Base64, but not what the mechanism asks for. */
  readonly malformed: Reply;
  readonly wrong: Reply;
  /** The client binds its login to what this connection has not. */
  readonly otherBinding: Reply;
  /** The client believes that nobody offered it to bind its login to the connection. */
  readonly hiddenBinding: Reply;
  refused(retryAfterMs: number): Reply;
  readonly crowded: Reply;
  failed(error: StoreError): Reply;
  welcome(login: Welcome): Outcome<S> | Promise<Outcome<S>>;
}

/** What a login needs of a session's context. */
export interface AuthContext {
  readonly peer: Peer;
  readonly session: string;
  readonly protocol: string;
  readonly store: Logins;
  readonly authenticator: LoginCheck;
}

export interface Beginning {
  readonly mechanism: Mechanism;
  /** In base64, as it stood behind the mechanism's name. */
  readonly initial: string | undefined;
  readonly scope: Scope;
}

export function authenticate<S extends State>(
  { mechanism, initial, scope }: Beginning,
  { peer, session, protocol, store, authenticator }: AuthContext,
  replies: AuthReplies<S>,
): Outcome<S> | Promise<Outcome<S>> {
  const who = { scope, mechanism: mechanism.name, session, protocol, peer };
  const exchange: Exchange = { logins: authenticator, store, who, security: peer.security };
  if (initial === undefined) return lead(() => mechanism.begin(undefined, exchange), replies);
  return receive(initial === '=' ? '' : initial, (octets) => mechanism.begin(octets, exchange), replies);
}

type Take = (octets: Buffer) => Step | Promise<Step>;

function receive<S extends State>(
  base64: string,
  take: Take,
  replies: AuthReplies<S>,
): Outcome<S> | Promise<Outcome<S>> {
  const octets = fromBase64(base64);
  return octets === undefined ? stay(replies.notBase64) : lead(() => take(octets), replies);
}

async function lead<S extends State>(take: () => Step | Promise<Step>, replies: AuthReplies<S>): Promise<Outcome<S>> {
  try {
    return await carryOut(await take(), replies);
  } catch (error) {
    if (error instanceof StoreError) return stay(replies.failed(error));
    throw error;
  }
}

function carryOut<S extends State>(step: Step, replies: AuthReplies<S>): Outcome<S> | Promise<Outcome<S>> {
  switch (step.kind) {
    case 'challenge':
      return {
        kind: 'ask',
        reply: replies.challenge(step.octets.toString('base64')),
        answered(line) {
          const response = withoutBlanks(line);
          return response === '*'
            ? stay(replies.cancelled)
            : receive(response, (octets) => step.answered(octets), replies);
        },
      };
    case 'malformed':
      return stay(replies.malformed);
    case 'unbound':
      return stay(step.hidden ? replies.hiddenBinding : replies.otherBinding);
    case 'wrong':
      return stay(replies.wrong);
    case 'refused':
      return stay(replies.refused(step.retryAfterMs));
    case 'crowded':
      return stay(replies.crowded);
    case 'welcome':
      return replies.welcome(step);
  }
}
