/**
 * Tells senders what became of their mail in the queue: a report of each kind of outcome, stored in the same transaction as the outcomes
 * that it tells of.
 */
import { HEADER_LIMIT_OCTETS, wholeLines } from '../dsn/header.js';
import { postReport } from '../dsn/posting.js';
import type { Action, Report, ReportedRecipient } from '../dsn/report.js';
import { isAscii } from '../message/domain.js';
import { readXtext } from '../message/xtext.js';
import type { Deliveries } from '../store/deliveries.js';
import { StoreError } from '../store/errors.js';
import type { LeasedMessage, Queue, Settlement } from '../store/queue.js';
import type { Source } from '../store/source.js';
import type { Schedule } from './schedule.js';

export interface BouncesOptions {
  readonly store: Pick<Deliveries, 'resolve' | 'deliver'>;
  readonly queue: Pick<Queue, 'open' | 'findSuppression'>;
  readonly schedule: Pick<Schedule, 'deadlines'>;
  readonly hostname: string;
  /** The first local one, where postmaster lives. */
  readonly domain: string;
}

/** What is told, with which outcomes. All recipients have the same action. */
export interface Telling {
  readonly message: LeasedMessage;
  readonly action: Action;
  readonly recipients: readonly ReportedRecipient[];
  readonly settlements: readonly Settlement[];
}

/** A larger message goes back as its header, as with Postfix. */
const WHOLE_LIMIT_OCTETS = 50_000;
/** Of a header that somebody wrote who has not logged in: enough to know the message by. Its sender may be forged. */
const UNPROVED_HEADER_LIMIT_OCTETS = 8 * 1024;

export class Bounces {
  readonly #options: BouncesOptions;

  constructor(options: BouncesOptions) {
    this.#options = options;
  }

  /**
   * Resolves with 'told' when the report is durable, and the outcomes with it. Otherwise they are not: there is nobody to be told, or
   * nothing, of addresses that were suppressed before the message came; of what failed, the sender always hears.
   * @throws StoreError; 'missing' when the outcomes are somebody else's by now, or what is reported on or reported to was removed
   */
  async tell({ message, action, recipients: all, settlements }: Telling): Promise<'told' | 'nobody' | 'nothing'> {
    const recipients = action === 'failed' ? all : await this.#unsuppressed(message, all);
    if (recipients.length === 0) return 'nothing';
    const { reversePath, requireTls } = message;
    const [header, rest] = await this.#original(message, isWhole(message, action));
    const queuedAtMs = Math.min(...message.recipients.map((each) => each.queuedAtMs));
    const report: Report = {
      ...{ action, recipients, isInternational: !isAscii(reversePath) || message.smtputf8 },
      message: { reversePath, envelopeId: envelopeIdOf(message), queuedAtMs, header, ...(rest && { rest }) },
    };
    const { schedule, ...options } = this.#options;
    const expiresAtMs = (nowMs: number): number => schedule.deadlines(nowMs).expiresAtMs;
    return postReport({ report, requireTls, settles: settlements }, { ...options, expiresAtMs });
  }

  async #unsuppressed(
    { recipients: leased }: LeasedMessage,
    reported: readonly ReportedRecipient[],
  ): Promise<readonly ReportedRecipient[]> {
    const found = await Promise.all(
      reported.map(async ({ recipient }) => this.#options.queue.findSuppression(recipient)),
    );
    const since = (recipient: string) => leased.find((each) => each.recipient === recipient)?.queuedAtMs ?? 0;
    return reported.filter(({ recipient }, at) => (found[at]?.sinceMs ?? Infinity) >= since(recipient));
  }

  /** What cannot be read cannot be shown: its sender is told all the same. */
  async #original(message: LeasedMessage, whole: boolean): Promise<readonly [header: Buffer, rest?: Buffer]> {
    try {
      return await this.#read(message, whole);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return whole ? [NOTHING, NOTHING] : [NOTHING];
    }
  }

  /** Its header, as much of it as a report holds, and with `whole` what follows. */
  async #read(
    { message, octets, headerOctets, submitter }: LeasedMessage,
    whole: boolean,
  ): Promise<readonly [header: Buffer, rest?: Buffer]> {
    const most = submitter === undefined ? UNPROVED_HEADER_LIMIT_OCTETS : HEADER_LIMIT_OCTETS;
    const limit = whole ? octets : Math.min(headerOctets, most);
    const read = await readUpTo(this.#options.queue.open(message), limit);
    return whole ? [read.subarray(0, headerOctets), read.subarray(headerOctets)] : [wholeLines(read)];
  }
}

/**
 * RFC 3461 §4.3; what was to go by TLS alone does not come back whole (RFC 8689 §5), nor does what anybody may have sent who wanted it to
 * arrive there.
 */
function isWhole({ returned, requireTls, octets, submitter }: LeasedMessage, action: Action): boolean {
  const isWanted = submitter !== undefined && returned !== 'headers' && !requireTls;
  return action === 'failed' && isWanted && octets <= WHOLE_LIMIT_OCTETS;
}

/** As text (RFC 3464 §2.2.1). */
function envelopeIdOf({ envelopeId }: LeasedMessage): string | undefined {
  return envelopeId === undefined ? undefined : readXtext(envelopeId);
}

const NOTHING = Buffer.alloc(0);

async function readUpTo(source: Source, octets: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  try {
    for (let left = octets; left > 0;) {
      const piece = await source.next();
      if (piece === undefined) break;
      pieces.push(Buffer.from(piece.subarray(0, left))); // A copy: a piece is good until the next.
      left -= piece.length;
    }
  } finally {
    source.close();
  }
  return Buffer.concat(pieces);
}
