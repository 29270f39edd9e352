/** From a transaction's envelope to the store: what DATA and BDAT share. */
import { whenReady } from '../runtime/when-ready.js';
import { close, stay, type Outcome } from '../session/command.js';
import { noteMessage } from './arrivals.js';
import { replies, type SmtpReply } from './replies.js';
import { answerEach, answerOnce, leftOutOf } from './answer.js';
import type { SmtpContext } from './context.js';
import { copiesFor } from '../message/envelope.js';
import { limitsOf, noteOverLimit } from './recipient-limits.js';
import { useOf } from './device-session.js';
import { MessageReceiver } from './message-receiver.js';
import { outgoingOf } from '../message/outgoing.js';
import { protocolName, type CommonTrace } from '../message/received.js';
import type { Stage } from '../message/stage.js';
import type { Incoming } from './stage-row.js';
import { greeted, type Chunking, type SmtpState, type Transaction } from './state.js';
import { autoreplies } from './autoreplies.js';
import { successReport } from './success-report.js';

/** Begins the delivery of what the envelope says; from here on the message has its name. */
export function openReceiver(transaction: Transaction, context: SmtpContext): MessageReceiver {
  const id = context.nextId();
  const { hello, from, recipients } = transaction;
  const atMs = Date.now();
  const trace = traceOf(transaction, { id, atMs }, context);
  const copies = copiesFor(recipients, trace);
  const envelope = [...copies.values()];
  const { eightBit, onward } = transaction;
  const submitter = hello.login?.account;
  const limits = submitter === undefined ? undefined : limitsOf(context.settings);
  const terms = { submitter, limits, eightBit, onward, deadlines: context.settings };
  const outgoing = outgoingOf(envelope, trace, terms);
  const delivery = context.store.deliver({
    reversePath: from.text,
    receivedAtMs: atMs,
    recipients: envelope,
    perRecipient: hello.lmtp === true,
    outgoing,
    device: context.device && useOf(context.device),
  });
  const answer = hello.lmtp === true ? answerEach(recipients, [...copies.keys()]) : answerOnce;
  const { peer, settings, store } = context;
  const stages = stagesFor({ id, atMs, transaction, peer, settings, store }, context);
  const report = successReport(transaction, atMs, context);
  const answers = autoreplies(transaction, context);
  const options = { id, envelope: transaction, answer, stages, limitBytes: settings.maxMessageSize };
  if (report === undefined && answers === undefined) return new MessageReceiver(delivery, options);
  const followUps = [report, answers].filter((each) => each !== undefined);
  for (const { stage } of followUps) stages.push(stage);
  const stored = async (refusedAt: readonly number[]) => {
    for (const each of followUps) await each.run(leftOutOf([...copies.keys()], refusedAt));
  };
  return new MessageReceiver(delivery, { ...options, stored });
}

/** By a loop: this is asked for each message. */
function stagesFor(message: Incoming, { stages }: SmtpContext): Stage<SmtpReply>[] {
  const found: Stage<SmtpReply>[] = [];
  for (const row of stages) {
    const stage = row(message);
    if (stage !== undefined) found.push(stage);
  }
  return found;
}

/** The end of data: whatever the reply, the transaction is over. */
export function conclude(
  receiver: MessageReceiver,
  bareNewline: boolean,
  state: Transaction | Chunking,
  context: SmtpContext,
): Outcome<SmtpState> | Promise<Outcome<SmtpState>> {
  const over = (reply: SmtpReply): Outcome<SmtpState> => {
    count(reply, receiver, context);
    noteMessage(reply, receiver, state.hello, context);
    if (reply === replies.overLimit) noteOverLimit(state.hello, context);
    return stay(reply, greeted(state));
  };
  return whenReady(receiver.finish(bareNewline ? newlineRefusal(context) : undefined), over);
}

/** Where the message ends is not sure, and so neither is what follows it: nothing of either is taken. */
export function giveUp(
  receiver: MessageReceiver,
  reply: SmtpReply,
  state: Transaction,
  context: SmtpContext,
): Outcome<SmtpState> {
  receiver.abandon();
  count(reply, receiver, context);
  noteMessage(reply, receiver, state.hello, context);
  return close(reply, greeted(state));
}

function newlineRefusal({ settings }: SmtpContext): SmtpReply | undefined {
  return settings.bareNewlines === 'refuse' ? replies.bareNewline : undefined;
}

/** A message that came in part goes when its transaction does. */
export function dropReceiver(state: SmtpState): void {
  if (state.at === 'chunking') state.receiver.abandon();
}

function count({ code }: SmtpReply, { octets }: MessageReceiver, { counters }: SmtpContext): void {
  if (code >= 400) counters.refused += 1;
  else {
    counters.accepted += 1;
    counters.octets += octets;
  }
}

function traceOf(
  { hello, from, international }: Transaction,
  { id, atMs }: { readonly id: string; readonly atMs: number },
  { peer, settings, device }: SmtpContext,
): CommonTrace {
  const authenticated = hello.login !== undefined && device === undefined;
  return {
    reversePath: from.text,
    device: device?.device.name,
    client: authenticated || device !== undefined ? undefined : { helo: hello.name, address: peer.address },
    protocol: protocolName({ hello, international, secured: peer.security !== undefined, authenticated }),
    international,
    security: peer.security,
    hostname: settings.hostname,
    id,
    atMs,
  };
}
