/**
 * What came, for people who look later (the view `arrivals`): a row for each recipient of a message at its end, whatever the reply,
 * and one for a sender or recipient that was refused. What was refused before it was looked at, for its form or its place, is in the
 * log only.
 */
import { Buffer } from 'node:buffer';
import type { Outcome } from '../session/command.js';
import type { Reply } from '../session/reply.js';
import type { ArrivalRecord } from '../store/history.js';
import type { SmtpContext } from './context.js';
import type { MessageReceiver } from './message-receiver.js';
import type { Hello, SmtpState } from './state.js';

type Envelope = Pick<ArrivalRecord, 'reversePath' | 'recipient'>;

/** Passes on what MAIL or RCPT led to, for what was given with it. */
export function noteRefusal(
  led: Outcome<SmtpState>,
  envelope: Envelope,
  hello: Hello,
  context: SmtpContext,
): Outcome<SmtpState> {
  const { history } = context;
  if (history === undefined || led.kind !== 'stay' || !led.reply.failed) return led;
  const answered = { octets: undefined, id: undefined, ...answerIn(linesOf(led.reply)[0]) };
  history.recordArrival({ ...clientOf(hello, context), ...envelope, ...answered });
  return led;
}

/** In LMTP each recipient has a reply of its own (RFC 2033 §4.2). */
export function noteMessage(reply: Reply, receiver: MessageReceiver, hello: Hello, context: SmtpContext): void {
  const { history } = context;
  if (history === undefined) return;
  const { id, octets, envelope } = receiver;
  const lines = linesOf(reply);
  const client = clientOf(hello, context);
  const { from, recipients } = envelope;
  recipients.forEach(({ text: recipient }, at) => {
    const line = lines[hello.lmtp === true ? at : 0];
    history.recordArrival({ ...client, reversePath: from.text, recipient, octets, id, ...answerIn(line) });
  });
}

function clientOf({ name, login }: Hello, { peer }: SmtpContext) {
  const { address, security } = peer;
  return { atMs: Date.now(), address, helo: name, tls: security?.version, login: login?.address };
}

function linesOf({ head }: Reply): readonly string[] {
  return Buffer.from(head.buffer, head.byteOffset, head.length).toString().split('\r\n');
}

const CODE_CHARACTERS = 3;

function answerIn(line = ''): Pick<ArrivalRecord, 'code' | 'reply'> {
  return { code: Number(line.slice(0, CODE_CHARACTERS)), reply: line.slice(CODE_CHARACTERS + 1) };
}
