/**
 * From a line to an outcome: verb, row, state, gates, grammar, check, run; the first that refuses answers.
 * The three kinds of failure part here: refusals are replies, a StoreError becomes the protocol's reply,
 * and everything else is a bug, which is rethrown for the session to log.
 */
import { StoreError } from '../store/errors.js';
import { stay, type Outcome, type Row, type State } from './command.js';
import { because, withoutBlanks, type Parsed } from './grammar.js';
import type { Protocol, SessionContext } from './protocol.js';
import type { Reply } from './reply.js';
import type { Request } from './request.js';

export function dispatch<S extends State, C extends SessionContext, Need extends string>(
  protocol: Protocol<S, C, Need>,
  request: Request,
  state: S,
  context: C,
): Outcome<S> | Promise<Outcome<S>> {
  const command = protocol.commands.get(request.verb);
  if (command === undefined) return stay(protocol.errorReplies.unknown(request.verb, state));
  const argument = read(command, request);
  const refusal =
    refusalOf(protocol, command, state, context) ??
    (argument.ok ? command.refuse?.(state as never, context) : protocol.errorReplies.syntax(command, argument.why));
  if (refusal !== undefined) return command.refused?.(withoutBlanks(request.argument), refusal) ?? stay(refusal);
  const { value } = argument as { readonly value: unknown };
  return guarded(protocol, () => command.run(value, state as never, context));
}

function read<S extends State, C, Need extends string>(
  { grammar, verbatim, octets }: Row<S, C, Need>,
  { argument, isUtf8 }: Request,
): Parsed<unknown> {
  if (!isUtf8 && octets !== true) return because('That is not UTF-8');
  return grammar(verbatim === true ? argument : withoutBlanks(argument), isUtf8);
}

/** What stands in the way whatever the argument: the wrong state, or a gate. */
function refusalOf<S extends State, C extends SessionContext, Need extends string>(
  protocol: Protocol<S, C, Need>,
  command: Row<S, C, Need>,
  state: S,
  context: C,
): Reply | undefined {
  if (!command.at.includes(state.at)) return protocol.errorReplies.badSequence(command, state);
  for (const need of command.needs ?? []) {
    const refusal = protocol.gates[need](context, state);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** Runs what may meet a StoreError, now or later, and answers that with the protocol's reply. */
export function guarded<S extends State, C extends SessionContext, Need extends string>(
  protocol: Protocol<S, C, Need>,
  act: () => Outcome<S> | Promise<Outcome<S>>,
): Outcome<S> | Promise<Outcome<S>> {
  const answer = (error: unknown): Outcome<S> => {
    if (error instanceof StoreError) return stay(protocol.errorReplies.failed(error));
    throw error;
  };
  try {
    const outcome = act();
    return outcome instanceof Promise ? outcome.catch(answer) : outcome;
  } catch (error) {
    return answer(error);
  }
}
