/** One line an attempt and recipient, for people and programs; what a server said stands in it, never a message or a password. */
import type { Log } from '../log/log.js';
import type { Reply } from '../store/queue.js';
import type { Attempt, OutcomeObserver } from './outcomes.js';

export function attemptLog(log: Log): OutcomeObserver {
  return {
    attempted: (attempt) => {
      if (log.isLevelEnabled('info')) log.info(lineOf(attempt), 'attempt');
    },
    untold: ({ message, reversePath }, why) =>
      log.warn({ message, from: reversePath, why }, 'a sender could not be told'),
    trouble: (what, error) => log.error({ err: error }, what),
  };
}

function lineOf({ message, recipient, outcome, durationMs }: Attempt): object {
  const reply: Partial<Reply> = 'reply' in outcome ? outcome.reply : {};
  const { code, enhanced, text, host, address, tls, command } = reply;
  return {
    ...{ queue: recipient.id, message: message.message, from: message.reversePath, to: recipient.recipient },
    ...{
      outcome: outcome.kind,
      attempts: recipient.attempts,
      host,
      address,
      tls,
      command,
      code,
      enhanced,
      text,
      durationMs,
    },
    ...(outcome.kind === 'deferred' && { next: new Date(outcome.nextAttemptAtMs).toISOString() }),
  };
}
