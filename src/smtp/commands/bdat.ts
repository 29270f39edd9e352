/**
 * BDAT: the message in counted chunks, as it is, without dots (RFC 3030 §2). Each chunk is read to its end before
 * anything is answered, refused ones too. A failed chunk ends the transaction (§3): the rest of it is then out of sequence.
 */
import { close, stay, type Outcome, type Sink } from '../../session/command.js';
import { decimal, parsed, unparsed, type Grammar } from '../../session/grammar.js';
import { NewlineCheck } from '../../bytes/newlines.js';
import type { Reply } from '../../session/reply.js';
import { noteMessage } from '../arrivals.js';
import { defineCommand, type SmtpContext } from '../context.js';
import type { MessageReceiver } from '../message-receiver.js';
import { replies } from '../replies.js';
import { greeted, type Chunking, type SmtpState, type Transaction } from '../state.js';
import { conclude, openReceiver } from '../transaction.js';

interface Chunk {
  readonly octets: number;
  readonly last: boolean;
}

const CHUNK_DIGITS = 15;

const chunk: Grammar<Chunk> = (text) => {
  const match = /^(\d+)([ \t]+LAST)?$/i.exec(text);
  const octets = decimal(match?.[1] ?? '', CHUNK_DIGITS);
  return octets === undefined ? unparsed : parsed({ octets, last: match?.[2] !== undefined });
};

export const bdat = defineCommand({
  verb: 'BDAT',
  rfc: 'RFC 3030 §2',
  help: {
    syntax: 'octets [LAST]',
    summary: 'sends so many octets of the message right behind the command; LAST with the last of them',
    example: 'BDAT 86 LAST',
    next: 'the octets, then more BDAT until LAST',
  },
  grammar: chunk,
  at: ['transaction', 'chunking'],
  serves: 'mail',
  announce: () => ['CHUNKING'],
  refused: skip,
  refuse: (state) => (state.at === 'transaction' && state.recipients.length === 0 ? replies.needRecipients : undefined),
  run({ octets, last }, state, context) {
    const receiver = state.at === 'chunking' ? state.receiver : openReceiver(state, context);
    return {
      kind: 'collect',
      framing: { until: 'count', octets, newlines: receiver.newlines },
      sink: receiver,
      ended: () =>
        last ? conclude(receiver, receiver.newlines.bare, state, context) : goOn(receiver, octets, state, context),
    };
  },
});

/** The octets follow whether or not they are wanted; without their number they cannot be told from commands. */
function skip(argument: string, refusal: Reply): Outcome<SmtpState> {
  const read = chunk(argument);
  if (!read.ok) return close(refusal);
  return {
    kind: 'collect',
    framing: { until: 'count', octets: read.value.octets, newlines: new NewlineCheck() },
    sink: nowhere,
    ended: () => stay(refusal),
  };
}

const nowhere: Sink = {
  write: () => undefined,
  abandon: () => undefined,
};

function goOn(
  receiver: MessageReceiver,
  octets: number,
  state: Transaction | Chunking,
  context: SmtpContext,
): Outcome<SmtpState> {
  if (receiver.refusal !== undefined) {
    noteMessage(receiver.refusal, receiver, state.hello, context);
    return stay(receiver.refusal, greeted(state));
  }
  return stay(replies.chunkTaken(octets), { at: 'chunking', hello: state.hello, receiver });
}
