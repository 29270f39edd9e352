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
import type { SmtpReply } from './replies.js';
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
  const [line = ''] = linesOf(led.reply);
  const answered = { atMs: Date.now(), code: codeIn(line) };
  history.recordArrival(answered, () => ({
    octets: undefined,
    id: undefined,
    reply: textIn(line),
    ...clientOf(hello, context),
    ...envelope,
  }));
  return led;
}

/** In LMTP each recipient has a reply of its own (RFC 2033 §4.2). */
export function noteMessage(reply: SmtpReply, receiver: MessageReceiver, hello: Hello, context: SmtpContext): void {
  const { history } = context;
  if (history === undefined) return;
  const atMs = Date.now();
  const own = hello.lmtp === true ? linesOf(reply) : undefined;
  const { recipients } = receiver.envelope;
  for (let at = 0; at < recipients.length; at++) {
    const line = own?.[at];
    const code = line === undefined ? reply.code : codeIn(line);
    history.recordArrival({ atMs, code }, () => ({
      reply: textIn(line ?? linesOf(reply)[0]),
      ...clientOf(hello, context),
      ...messageOf(receiver, at),
    }));
  }
}

function clientOf({ name, login }: Hello, { peer }: SmtpContext) {
  const { address, security } = peer;
  return { address, helo: name, tls: security?.version, login: login?.address };
}

function messageOf({ id, octets, envelope }: MessageReceiver, at: number) {
  return { id, octets, reversePath: envelope.from.text, recipient: envelope.recipients[at]?.text };
}

function linesOf({ head }: Reply): readonly string[] {
  return Buffer.from(head.buffer, head.byteOffset, head.length).toString().split('\r\n');
}

const CODE_CHARACTERS = 3;

function codeIn(line: string): number {
  return Number(line.slice(0, CODE_CHARACTERS));
}

function textIn(line = ''): string {
  return line.slice(CODE_CHARACTERS + 1);
}
