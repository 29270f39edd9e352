/**
 * From a line to what it leads to: the outcome of a command or of an answer, the refusal of a line that is neither, or the end
 * of a session whose client speaks another protocol. Acts on nothing itself.
 */
import type { Buffer } from 'node:buffer';
import { close, stay, type Outcome, type State } from './command.js';
import { COMMANDS, type Ask, type Conversation } from './conversation.js';
import { dispatch, guarded } from './dispatch.js';
import { otherProtocolLine, otherProtocolOctets, recognized } from './other-protocol.js';
import type { SessionContext } from './protocol.js';
import type { Line } from './reader.js';
import { MASKED, readRequest, shown } from './request.js';

export class Interpreter<S extends State, C extends SessionContext, Need extends string> {
  readonly #conversation: Conversation<S, C, Need>;

  constructor(conversation: Conversation<S, C, Need>) {
    this.#conversation = conversation;
  }

  /** Of the next line; undefined when no whole one waits. */
  next(): Outcome<S> | Promise<Outcome<S>> | undefined {
    const conversation = this.#conversation;
    const { reader } = conversation.flow;
    const isFirst = conversation.commands === 0;
    const { commands } = conversation.protocol;
    const seen = conversation.mode.kind === 'ask' ? undefined : otherProtocolOctets(reader.start, isFirst, commands);
    if (seen !== undefined) return this.#leave(seen);
    const line = reader.line();
    if (line === undefined) return undefined;
    conversation.commands += 1;
    return this.#answer(line);
  }

  /** Of all that waits, which is no line: it is forgotten. */
  refuseBareNewline(): Outcome<S> {
    const conversation = this.#conversation;
    const { errorReplies, commands } = conversation.protocol;
    const { reader } = conversation.flow;
    const line = reader.drop();
    const start = line.tooLong ? reader.startOfLong : line.bytes;
    const isAsked = conversation.mode.kind === 'ask';
    const seen = isAsked ? undefined : recognized(start, conversation.commands === 0, commands);
    if (seen !== undefined) return this.#leave(seen);
    conversation.commands += 1;
    conversation.mode = COMMANDS; // A login that was going on ends with it.
    return stay(line.tooLong ? errorReplies.lineTooLong : errorReplies.unreadable);
  }

  /** What else it sent is read by nobody. */
  #leave(seen: string): Outcome<S> {
    const conversation = this.#conversation;
    conversation.observer.heard?.(`(${seen})`);
    conversation.commands += 1;
    conversation.saw = seen;
    return close(conversation.protocol.errorReplies.otherProtocol);
  }

  #answer(line: Line): Outcome<S> | Promise<Outcome<S>> {
    const { mode } = this.#conversation;
    this.#conversation.mode = COMMANDS;
    if (mode.kind === 'ask') return this.#hearAnswer(mode, line);
    return line.tooLong ? this.#answerLong() : this.#answerCommand(line.bytes);
  }

  #hearAnswer(question: Ask<S>, line: Line): Outcome<S> | Promise<Outcome<S>> {
    const { protocol, observer } = this.#conversation;
    if (line.tooLong) return stay(protocol.errorReplies.lineTooLong);
    observer.heard?.(MASKED);
    return guarded(protocol, () => question.answered(line.bytes.toString('latin1')));
  }

  /** The request of a browser may be that. */
  #answerLong(): Outcome<S> {
    const conversation = this.#conversation;
    const { errorReplies, commands } = conversation.protocol;
    conversation.saw = recognized(conversation.flow.reader.startOfLong, false, commands);
    return conversation.saw === undefined ? stay(errorReplies.lineTooLong) : close(errorReplies.otherProtocol);
  }

  #answerCommand(bytes: Buffer): Outcome<S> | Promise<Outcome<S>> {
    const conversation = this.#conversation;
    const { protocol, observer } = conversation;
    const request = readRequest(bytes);
    if (request === undefined) return stay(protocol.errorReplies.unreadable);
    observer.heard?.(shown(protocol, request));
    conversation.row = protocol.commands.get(request.verb);
    if (conversation.row === undefined) conversation.saw = otherProtocolLine(request);
    if (conversation.saw !== undefined) return close(protocol.errorReplies.otherProtocol);
    return dispatch(protocol, request, conversation.state, conversation.context);
  }
}
