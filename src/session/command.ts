/**
 * One row of a protocol's table. The table is the dispatch, and EHLO, CAPA, HELP and docs/protocols.md
 * are generated from it: nothing about a command stands in a second place.
 */
import type { Peer } from './channel.js';
import type { Grammar } from './grammar.js';
import type { NewlineCheck } from '../bytes/newlines.js';
import type { Reply } from './reply.js';

/** A session's state is a union whose variants own their data; dropping the variant drops the data. */
export interface State {
  readonly at: string;
}

/** Takes the pieces of a body in order, each good until `write` returns. A promise asks the session to wait before the next piece. */
export interface Sink {
  write(piece: Uint8Array): void | Promise<void>;
  /** The connection ended inside the body. */
  abandon(): void;
}

/**
 * How the end of a body is found: a line with a dot (RFC 5321 §4.5.2), or after so many octets (RFC 3030 §2).
 * A counted body is one chunk of a message: a CRLF may be cut between two, so the check of newlines belongs to the message.
 */
export type Framing =
  { readonly until: 'dot' } | { readonly until: 'count'; readonly octets: number; readonly newlines: NewlineCheck };

/** What was seen of a body at its true end. */
export interface BodyEnd {
  readonly octets: number;
  /** A CR or LF that was not part of a CRLF; such a message is refused, after its true end. */
  readonly bareNewline: boolean;
}

/**
 * What a command leads to. Handlers never touch the socket: they return one of these.
 * - stay: reply, and go on in `state` (unchanged when absent).
 * - collect: take a body into a sink, then ask `ended` what it leads to.
 * - ask: reply, and give the next line to `answered`, whatever it says.
 * - secure: reply, and begin anew under TLS: nothing that was said in clear is remembered (RFC 3207 §4.2).
 * - renew: begin anew as another peer, with the greeting, in `state` (the initial one when absent).
 * - close: reply, then close the connection.
 */
export type Outcome<S extends State> =
  | { readonly kind: 'stay'; readonly reply: Reply; readonly state?: S }
  | {
      readonly kind: 'collect';
      readonly reply?: Reply;
      readonly framing: Framing;
      readonly sink: Sink;
      /** `behind`: what waits behind the body when it is asked for; from the first time on more is read. */
      ended(end: BodyEnd, behind: () => Uint8Array): Outcome<S> | Promise<Outcome<S>>;
    }
  | {
      readonly kind: 'ask';
      readonly reply: Reply;
      /** The line without its CRLF, one character an octet; never shown nor logged. */
      answered(line: string): Outcome<S> | Promise<Outcome<S>>;
    }
  | { readonly kind: 'secure'; readonly reply: Reply }
  | { readonly kind: 'renew'; readonly peer: Peer; readonly state?: S }
  | { readonly kind: 'close'; readonly reply: Reply; readonly state?: S };

export function stay<S extends State>(reply: Reply, state?: S): Outcome<S> {
  return state === undefined ? { kind: 'stay', reply } : { kind: 'stay', reply, state };
}

export function close<S extends State>(reply: Reply, state?: S): Outcome<S> {
  return state === undefined ? { kind: 'close', reply } : { kind: 'close', reply, state };
}

/** The state that an outcome brings, if any. */
export function stateAfter<S extends State>(outcome: Outcome<S> | undefined): S | undefined {
  return outcome !== undefined && 'state' in outcome ? outcome.state : undefined;
}

/** How HELP and the documentation show a command to a person. */
export interface Help {
  /** After the verb, in RFC notation; empty for no argument. */
  readonly syntax: string;
  readonly summary: string;
  readonly example: string;
  /** What may come next. */
  readonly next: string;
}

/**
 * `S` the protocol's state, `C` what its commands may use (peer, store, settings), `Need` the names of its gates,
 * `At` the states in which the command makes sense: `run` sees only those.
 */
export interface Command<S extends State, C, Need extends string, A = unknown, At extends S['at'] = S['at']> {
  readonly verb: string;
  /** As it stands in a table of contents: 'RFC 5321 §4.1.1.4'. */
  readonly rfc: string;
  readonly help: Help;
  /** Takes the whole argument or refuses it; never repairs it. */
  readonly grammar: Grammar<A>;
  readonly at: readonly At[];
  readonly needs?: readonly Need[];
  /** Its argument is never logged. */
  readonly secret?: true;
  /** Its argument is taken as it is, also with blanks around it: they may be part of a password. */
  readonly verbatim?: true;
  /** Its argument need not be UTF-8; that of others is then refused as a syntax error. */
  readonly octets?: true;
  /** Whether it serves a purpose: `none` is counted (junk.ts), and a `mail` that succeeds begins the count anew. */
  readonly serves?: 'none' | 'mail';
  /** Once it runs, the session ends with it, whatever it leads to. */
  readonly last?: true;
  /** Its lines in EHLO or CAPA. */
  announce?(context: C): readonly string[];
  /** What a refusal of this command becomes when more than its line was sent: BDAT has octets to read past. */
  refused?(argument: string, refusal: Reply): Outcome<S>;
  /** The check: a refusal that depends on what the state holds. */
  refuse?(state: Extract<S, { readonly at: At }>, context: C): Reply | undefined;
  run(argument: A, state: Extract<S, { readonly at: At }>, context: C): Outcome<S> | Promise<Outcome<S>>;
}

/** A row as the table holds it: its argument and states checked by the row's own definition. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- rows of different argument types share one table
export type Row<S extends State, C, Need extends string> = Command<S, C, Need, any, any>;
