/**
 * AUTH (RFC 4954): logs in with the strongest mechanism that both sides have; where a server takes one back that it has announced,
 * with the next. Nothing that could be used again is sent where others can read it, unless the next hop says in so many words that
 * there is no TLS. Whatever fails here concerns the login: mail waits, it does not bounce.
 */
import { TLSSocket } from 'node:tls';
import { isLoopback } from '../../ip/address.js';
import { printableLine } from '../../message/printable.js';
import type { Credentials } from './next-hop.js';
import type { ClientExchange, ClientMechanism, LoginContext } from './mechanism.js';
import { namesFor, usable } from './mechanisms.js';
import type { NotConnected } from './outcome.js';
import { bounded, type Answer, type Reply } from './reply.js';
import { finding, refusal, type Session, type Step } from './session.js';

const CONTINUE = 334;
const GRANTED = 235;
/** Not known after all, or too weak now (RFC 4954 §4, §6): another mechanism may do. */
const TRY_ANOTHER = [504, 534];
/** Without CRLF (RFC 5321 §4.5.3.1.4). What is said first waits for a challenge where it would not fit (RFC 4954 §4): most tokens. */
const LINE_LIMIT = 510;
/** No mechanism of ours has more. */
const CHALLENGES_LIMIT = 6;

/** Undefined when logged in. */
export async function logIn(session: Session, credentials: Credentials): Promise<NotConnected | undefined> {
  const step: Step = { command: 'AUTH', concerns: 'login', remote: session.remote };
  if (!isPrivate(session))
    return finding(
      step,
      '4.7.11',
      'nobody logs in where the password could be read: TLS with a valid certificate is needed, or ?tls=none',
    );
  const { socket } = session.dialogue;
  const context = { nextHop: session.nextHop, tls: socket instanceof TLSSocket ? socket : undefined };
  const mechanisms = usable(session.extensions.mechanisms, credentials, context);
  let last: NotConnected = finding(step, '4.7.8', nothingOffered(session, credentials));
  for (const mechanism of mechanisms) {
    const refused = await attempt(mechanism, credentials, { session, step, context });
    if (refused === undefined) return undefined;
    last = refused;
    if (!TRY_ANOTHER.includes(refused.code ?? 0)) break;
  }
  return last;
}

/** By what the connection reached, not by how it was named. */
function isPrivate({ nextHop, remote, verified }: Session): boolean {
  const isLocal = nextHop.endpoint.kind === 'unix' || isLoopback(remote.address ?? '');
  return verified || isLocal || nextHop.tls === 'none';
}

function nothingOffered({ extensions }: Session, credentials: Credentials): string {
  const offered = printableLine(extensions.mechanisms.join(', '));
  const what = credentials.kind === 'password' ? 'a password' : 'an access token';
  if (offered === '') return 'the server offers no login here; take the user out of the URL if none is needed';
  return bounded(`the server offers ${offered}, and ${what} can be used with ${namesFor(credentials)}`);
}

interface LoginOptions {
  readonly session: Session;
  readonly step: Step;
  readonly context: LoginContext;
}

async function attempt(
  mechanism: ClientMechanism,
  credentials: Credentials,
  { session, step, context }: LoginOptions,
): Promise<NotConnected | undefined> {
  const exchange = mechanism.begin(credentials, context);
  const { secrets } = session.dialogue;
  if (credentials.kind === 'password') secrets.keep(credentials.password);
  if (credentials.kind === 'token') secrets.keep(credentials.accessToken);
  const answer = await converse(session, mechanism.name, { exchange, user: credentials.user });
  if (answer.kind === 'reply' && answer.code === GRANTED)
    return exchange.objection === undefined ? undefined : finding(step, '4.7.8', exchange.objection);
  return waiting(refusal(step, answer), exchange.detail && secrets.hidden(exchange.detail));
}

/** Whatever the class of the reply. */
function waiting(refused: NotConnected, detail: string | undefined): NotConnected {
  const text = detail === undefined ? refused.text : bounded(`${refused.text} (${detail})`);
  return { ...refused, kind: 'deferred', text };
}

interface Saying {
  readonly exchange: ClientExchange;
  readonly user: string;
}

/** What is said is a secret of the dialogue before the server knows it. */
async function converse({ dialogue, deadlines }: Session, name: string, { exchange, user }: Saying): Promise<Answer> {
  const encoded = (octets: Buffer): string => {
    dialogue.secrets.sent(octets, user);
    return octets.toString('base64');
  };
  const first = exchange.initial === undefined ? '' : ` ${encoded(exchange.initial) || '='}`;
  const whole = `AUTH ${name}${first}`;
  let isLate = whole.length > LINE_LIMIT;
  let line = isLate ? `AUTH ${name}` : whole;
  for (let challenges = 0; ; challenges++) {
    const answer = await dialogue.ask(line, deadlines.commandMs);
    if (answer.kind === 'broken' || answer.code !== CONTINUE || line === '*' || challenges === CHALLENGES_LIMIT)
      return answer;
    const response = isLate ? exchange.initial : await exchange.respond(challengeOf(answer));
    isLate = false;
    line = response === undefined ? '*' : encoded(response); // RFC 4954 §4: a star gives the login up.
  }
}

function challengeOf({ lines }: Reply): Buffer {
  return Buffer.from(lines[0] ?? '', 'base64');
}
