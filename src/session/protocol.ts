/**
 * What makes a session speak SMTP or POP3: a table of commands, the gates before them,
 * and the replies for what can go wrong with any command.
 */
import type { Command, Row, State } from './command.js';
import type { SessionLimits } from './limits.js';
import type { Presence } from './presence.js';
import type { Reply } from './reply.js';
import type { Peer } from './channel.js';
import type { StoreError } from '../store/errors.js';
import type { Grant } from '../store/logins.js';

/** What every protocol's commands may use; each protocol adds its own. */
export interface SessionContext {
  readonly peer: Peer;
  /** Names the session in logs and in -v. */
  readonly session: string;
  /** The name of what it speaks, for the log. */
  readonly protocol: string;
  /** Whether TLS can be begun on this connection. */
  readonly offersTls: boolean;
  /** What the session did, for its line in the log. */
  readonly counters: object;
  /** Of its client, where something asks for it. */
  readonly presence?: Presence;
}

/** Why a client is not let in at all. */
export type ConnectionRefusal = 'full' | 'too-many' | 'too-often';

/** The refusals that any command can meet, worded by the protocol. */
export interface ErrorReplies<S extends State, C, Need extends string> {
  unknown(verb: string, state: S): Reply;
  syntax(command: Row<S, C, Need>, why: string | undefined): Reply;
  /** The command does not make sense in this state; the reply names what comes first. */
  badSequence(command: Row<S, C, Need>, state: S): Reply;
  /** A NUL, or a bare CR or LF, in a command line. */
  readonly unreadable: Reply;
  readonly lineTooLong: Reply;
  readonly tooManyErrors: Reply;
  /** Too many commands that do nothing, sent without waiting for answers. */
  readonly tooMuchJunk: Reply;
  /** Nothing heard for too long. */
  readonly idle: Reply;
  /** A body that comes too slowly. */
  readonly slow: Reply;
  /** The session has lasted too long. */
  readonly session: Reply;
  /** The client spoke before it was greeted. */
  readonly earlyTalker: Reply;
  /** What was said is of another protocol (other-protocol.ts). */
  readonly otherProtocol: Reply;
  /** Bytes in clear behind the command that begins TLS. */
  readonly injected: Reply;
  /** The login of the session does not stand any more. */
  readonly revoked: Reply;
  readonly stopping: Reply;
  /** A bug: logged, answered with this, and the connection closes. */
  readonly internal: Reply;
  failed(error: StoreError): Reply;
}

export interface Protocol<S extends State, C extends SessionContext, Need extends string> {
  readonly name: string;
  readonly limits: SessionLimits;
  readonly commands: ReadonlyMap<string, Row<S, C, Need>>;
  /** The refusal when a need is not met. */
  readonly gates: Readonly<Record<Need, (context: C, state: S) => Reply | undefined>>;
  readonly errorReplies: ErrorReplies<S, C, Need>;
  readonly initial: S;
  greeting(context: C): Reply;
  /** Instead of a greeting, before the connection closes. */
  readonly connectionRefusals: Readonly<Record<ConnectionRefusal, Reply>>;
  /** Whether the server may say goodbye now without breaking off anything. */
  atRest(state: S): boolean;
  /** The login that the session rests on in this state; undefined where it rests on none. */
  grantOf(state: S): Grant | undefined;
  /** Whether the client has proved who it is, where a login may stand for less. */
  isProved?(state: S): boolean;
  /** What is left of a state when TLS begins, where it is not the initial one: nothing that the client itself said (RFC 3207 §4.2). */
  underTls?(state: S): S;
  /** The session ended in this state: give back what it holds. Nothing is committed here. */
  abandon(state: S): void;
}

/** The contents page of a protocol: a verb that stands twice is a mistake in the table. */
export function tableOf<S extends State, C, Need extends string>(
  rows: readonly Row<S, C, Need>[],
): ReadonlyMap<string, Row<S, C, Need>> {
  const table = new Map(rows.map((row) => [row.verb, row]));
  if (table.size !== rows.length) throw new Error('a verb stands twice in the table');
  return table;
}

/** What the rows of a table announce to this client, in their order: the lines of EHLO, LHLO and CAPA. */
export function announcements<S extends State, C, Need extends string>(
  table: ReadonlyMap<string, Row<S, C, Need>>,
  context: C,
): readonly string[] {
  return [...table.values()].flatMap((row) => row.announce?.(context) ?? []);
}

/** Fixes a protocol's types once, so that its rows infer their argument and states. */
export function commandOf<S extends State, C, Need extends string>() {
  return <A, const At extends S['at']>(command: Command<S, C, Need, A, At>): Command<S, C, Need, A, At> => command;
}
