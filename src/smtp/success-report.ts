/**
 * Reports of success (RFC 3461 §4.1) about recipients whose mail is in a maildrop here: composed when the message is durable, and durable
 * themselves before it is answered. So whoever heard 250 is reported to, but where the store could not take the report for PATIENCE_MS:
 * that is in the log. The message is there whatever becomes of its report, and never comes again for it.
 * What is sent on is reported by who sends it, or by the server that it goes to.
 */
import { postReport } from '../dsn/posting.js';
import { wholeLines } from '../dsn/header.js';
import type { Action, Report, ReportedRecipient } from '../dsn/report.js';
import { isTold } from '../dsn/wanted.js';
import { isAscii } from '../message/domain.js';
import { readOriginalRecipient } from '../message/original-recipient.js';
import { deadlines } from '../message/outgoing.js';
import type { Recipient } from '../message/recipient.js';
import { readXtext } from '../message/xtext.js';
import { StoreError } from '../store/errors.js';
import { untilTaken } from '../store/patience.js';
import type { SmtpContext } from './context.js';
import { HeaderKeeper, type FollowUp } from './follow-up.js';
import type { Transaction } from './state.js';

/** Of the store, while the client waits for its answer. */
const PATIENCE_MS = 3_000;

/** Undefined when none is wanted, as for nearly every message. It ends when the report is durable, there is nobody to be told, or nobody could be. */
export function successReport(transaction: Transaction, atMs: number, context: SmtpContext): FollowUp | undefined {
  if (!transaction.recipients.some(isAskedOf)) return undefined;
  const recipients = transaction.recipients.filter((each) => isReportedHere(each, transaction));
  if (recipients.length === 0) return undefined;
  const stage = new HeaderKeeper();
  return {
    stage,
    async run(isLeftOut) {
      const stored = recipients.filter((each) => !isLeftOut(each));
      for (const action of ['delivered', 'expanded'] as const) {
        const reported = stored.filter((each) => actionFor(each) === action).map(reportedAs(action));
        if (reported.length === 0) continue;
        await post(
          reportOf(transaction, { action, reported, atMs, header: wholeLines(stage.header) }),
          transaction,
          context,
        );
      }
    },
  };
}

async function post(report: Report, { onward, from }: Transaction, context: SmtpContext): Promise<void> {
  const { settings, store, session, peer, observer } = context;
  const { hostname, domain, outbound } = settings;
  const expiresAtMs = (nowMs: number): number => deadlines(settings, nowMs).expiresAtMs;
  const options = { store, hostname, domain, expiresAtMs: outbound === 'off' ? undefined : expiresAtMs };
  const posting = { report, requireTls: onward?.requireTls === true };
  try {
    await untilTaken(() => postReport(posting, options), AbortSignal.timeout(PATIENCE_MS));
  } catch (error) {
    if (!canNobodyTakeIt(error)) observer.untold({ session, peer, reversePath: from.text, error });
  }
}

function isAskedOf({ notify }: Recipient): boolean {
  return notify !== undefined;
}

function isReportedHere({ notify, targets }: Recipient, { from }: Transaction): boolean {
  if (notify === undefined || !isTold(from.text, notify, 'delivered')) return false;
  return targets.length > 1 || targets[0]?.kind === 'local';
}

/** RFC 3461 §5.2.7.4: where a path leads to several, its arrival there is told, and not that at each of them. */
function actionFor({ targets }: Recipient): Action {
  return targets.length > 1 ? 'expanded' : 'delivered';
}

/** By the path that the sender knows: whose maildrop an alias leads to is nobody's business (RFC 3464 §4.2). */
function reportedAs(action: Action): (recipient: Recipient) => ReportedRecipient {
  return ({ text, originalRecipient }) => ({
    recipient: text,
    originalRecipient: originalRecipient === undefined ? undefined : readOriginalRecipient(originalRecipient),
    action,
  });
}

interface Told {
  readonly action: Action;
  readonly reported: readonly ReportedRecipient[];
  readonly atMs: number;
  readonly header: Buffer;
}

function reportOf({ from, international, onward }: Transaction, { action, reported, atMs, header }: Told): Report {
  const envelopeId = onward?.envelopeId === undefined ? undefined : readXtext(onward.envelopeId);
  return {
    action,
    recipients: reported,
    isInternational: international || !isAscii(from.text),
    message: { reversePath: from.text, envelopeId, queuedAtMs: atMs, header },
  };
}

/** The sender's maildrop is full, or gone: the message itself has arrived all the same. */
function canNobodyTakeIt(error: unknown): boolean {
  return error instanceof StoreError && (error.kind === 'missing' || error.kind.startsWith('over-quota'));
}
