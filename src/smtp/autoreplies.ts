/**
 * Autoreplies (RFC 3834) of accounts here, sent when the message is durable and before it is answered: so no more of them are under way
 * than there are sessions. What composes and judges is loaded with the first message to an account that has an autoreply; any other
 * costs nothing. The message is there whatever becomes of its answer.
 */
import { setTimeout } from 'node:timers/promises';
import { deadlines } from '../message/outgoing.js';
import type { Recipient } from '../message/recipient.js';
import type { SmtpContext } from './context.js';
import { HeaderKeeper, type FollowUp } from './follow-up.js';
import type { Transaction } from './state.js';

/** How long the client waits for what is under way; it goes on behind its answer. */
const PATIENCE_MS = 3_000;

/** Undefined where nobody answers, as for nearly every message. Devices read no answers. */
export function autoreplies(transaction: Transaction, context: SmtpContext): FollowUp | undefined {
  const { recipients, from } = transaction;
  if (!recipients.some(answers) || from.text === '' || context.device !== undefined) return undefined;
  const stage = new HeaderKeeper();
  return {
    stage,
    async run(isLeftOut) {
      const stored = recipients.filter((each) => answers(each) && !isLeftOut(each));
      if (stored.length === 0) return;
      const answered = answer(stored, stage.header, transaction, context).catch((error: unknown) => {
        const { observer, session, peer } = context;
        observer.unanswered({ session, peer, reversePath: from.text, error });
      });
      await Promise.race([answered, setTimeout(PATIENCE_MS, undefined, { ref: false })]);
    },
  };
}

function answers({ targets }: Recipient): boolean {
  for (const target of targets) if (target.kind === 'local' && target.autoreplies === true) return true;
  return false;
}

async function answer(
  recipients: readonly Recipient[],
  header: Buffer,
  { from, onward }: Transaction,
  { settings, store, autoreplies: kept }: SmtpContext,
): Promise<void> {
  const { answerSender } = await import('../dsn/autoreply.js');
  const { hostname, domain, outbound } = settings;
  const expiresAtMs = (nowMs: number): number => deadlines(settings, nowMs).expiresAtMs;
  await answerSender(
    { reversePath: from.text, header, recipients, requireTls: onward?.requireTls === true },
    { store, autoreplies: kept, hostname, domain, expiresAtMs: outbound === 'off' ? undefined : expiresAtMs },
  );
}
