/**
 * One job over one connection: what the client answers becomes a result for each recipient, or another way to be tried. Judges only
 * whose fault a failure is: a hop's, for which other mail would get the same answer, or this message's.
 */
import { StoreError } from '../store/errors.js';
import type { LeasedRecipient } from '../store/queue.js';
import { replyOf } from './attempt.js';
import type { NextHop } from './client/next-hop.js';
import type { NotConnected, Report, SendResult } from './client/outcome.js';
import type { Job } from './job.js';
import type { Result } from './outcomes.js';

export interface Judged {
  readonly results: readonly Result[];
  /** For those that the hop's own fault kept from being tried, and that have another way to go; and for those that were too many. */
  readonly again: Job | undefined;
  /** Of the hop: every other message would have met it too. None where it took this one for anybody. */
  readonly failure: Report | undefined;
}

/** Nothing was sent. */
export function judgeConnecting(job: Job, failure: NotConnected): Judged {
  return judge(
    job,
    job.recipients.map((recipient) => ({ recipient, outcome: failure })),
    'relayed',
  );
}

export function judgeSending(job: Job, { outcomes, relaysDsn }: SendResult): Judged {
  const [hop] = job.hops;
  const pairs = job.recipients.map((recipient, at) => ({
    recipient,
    outcome: outcomes[at] as SendResult['outcomes'][number],
  }));
  return judge(job, pairs, reportsOf(hop, relaysDsn));
}

/** It may be readable another time, unless the database is damaged there: an administrator decides about that. */
export function judgeUnreadable(error: unknown): Omit<Result, 'recipient'> {
  const kind = error instanceof StoreError && error.isDamage ? 'corrupt' : 'deferred';
  return { kind, reply: { enhanced: '4.3.0', text: `The message cannot be read here: ${(error as Error).message}` } };
}

/** Nobody may have it. */
export function isUnsent({ outcomes }: SendResult): boolean {
  return outcomes.every(({ kind }) => kind !== 'delivered' && kind !== 'unknown');
}

interface Pair {
  readonly recipient: LeasedRecipient;
  readonly outcome: Report & { readonly kind: 'delivered' | 'deferred' | 'failed' | 'unknown' };
}

function judge(job: Job, pairs: readonly Pair[], reports: Result['reports']): Judged {
  const [, ...others] = job.hops;
  const isHops = ({ outcome: { kind, concerns } }: Pair) =>
    kind !== 'delivered' && (concerns === 'connection' || concerns === 'login');
  const isDelivered = pairs.some(({ outcome }) => outcome.kind === 'delivered');
  if (isDelivered && pairs.some(isSurplus)) return judgeRest(job, pairs, reports);
  const tryAgain = (pair: Pair) => others.length > 0 && isHops(pair) && pair.outcome.kind !== 'unknown';
  const again = pairs.filter(tryAgain).map(({ recipient }) => recipient);
  const settled = pairs.filter((pair) => !tryAgain(pair));
  return {
    results: settled.map(({ recipient, outcome }) => resultOf(recipient, outcome, reports)),
    again: again.length === 0 ? undefined : { ...job, recipients: again, hops: others, isRepeated: false },
    failure: isDelivered ? undefined : pairs.find(isHops)?.outcome,
  };
}

/** RFC 5321 §4.5.3.1.10: more recipients than the server takes in one transaction, which it took for the others. */
function isSurplus({ outcome: { kind, command, code, status, text } }: Pair): boolean {
  return kind === 'deferred' && command === 'RCPT' && code === 452 && (status === '4.5.3' || /too many/i.test(text));
}

/** What was too much goes in the next transaction, at once: each takes at least one. */
function judgeRest(job: Job, pairs: readonly Pair[], reports: Result['reports']): Judged {
  const recipients = pairs.filter(isSurplus).map(({ recipient }) => recipient);
  const settled = pairs.filter((pair) => !isSurplus(pair));
  return {
    results: settled.map(({ recipient, outcome }) => resultOf(recipient, outcome, reports)),
    again: { ...job, recipients, isRepeated: false },
    failure: undefined,
  };
}

/**
 * Only what a server says of a message or a recipient is final. Where it takes nothing at all from us, by its greeting, without TLS or
 * by a login that is refused, that is mended here or there, and until then mail waits, whatever the class of the reply.
 */
function resultOf(recipient: LeasedRecipient, outcome: Pair['outcome'], reports: Result['reports']): Result {
  const { kind, concerns } = outcome;
  const reply = replyOf(outcome);
  if (kind === 'delivered') return { recipient, kind, reply, reports };
  const isFinal = kind === 'failed' && (concerns === 'message' || concerns === 'recipient');
  return { recipient, kind: isFinal ? 'failed' : 'deferred', reply };
}

/** RFC 3461 §5.2.1 to §5.2.3: a server that was asked to report does, also by LMTP; behind LMTP there is a mailbox. */
function reportsOf(hop: NextHop | undefined, relaysDsn: boolean): Result['reports'] {
  if (relaysDsn) return undefined;
  return hop?.protocol === 'lmtp' ? 'delivered' : 'relayed';
}
