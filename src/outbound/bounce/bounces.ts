/**
 * Tells senders what became of their mail: composes a report and puts it into the store, for a maildrop here or into the queue, in the
 * same transaction as the outcomes that it tells of. From the null reverse-path, and never to it, so that no report is answered by
 * another (RFC 5321 §4.5.5, §6.1).
 */
import { isAscii as areAscii } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { envelopeFor } from '../../message/envelope.js';
import { isAscii } from '../../message/domain.js';
import { readPath } from '../../message/path.js';
import type { Recipient } from '../../message/recipient.js';
import type { Deliveries, Envelope, Outgoing } from '../../store/deliveries.js';
import { StoreError } from '../../store/errors.js';
import type { LeasedMessage, NotifyOn, Queue, Settlement } from '../../store/queue.js';
import type { Source } from '../../store/source.js';
import type { Schedule } from '../schedule.js';
import { composeReport } from './compose.js';
import type { Action, Report, ReportedRecipient } from './report.js';

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
const HEADER_LIMIT_OCTETS = 64 * 1024;
const ID_BYTES = 9;

const EVENTS: Readonly<Record<Action, NotifyOn>> = {
  failed: 'failure',
  delayed: 'delay',
  relayed: 'success',
  delivered: 'success',
};
/** RFC 3461 §4.1, where nothing was asked for. */
const USUALLY: readonly NotifyOn[] = ['failure', 'delay'];

/** Whether the sender is to hear of it. */
export function isTold(reversePath: string, notify: readonly NotifyOn[] | undefined, action: Action): boolean {
  const wanted = notify ?? USUALLY;
  return reversePath !== '' && !wanted.includes('never') && wanted.includes(EVENTS[action]);
}

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
    const nowMs = Date.now();
    const recipients = action === 'failed' ? all : await this.#unsuppressed(message, all);
    if (recipients.length === 0) return 'nothing';
    const id = randomBytes(ID_BYTES).toString('hex');
    const whole = action === 'failed' && message.returned !== 'headers' && message.octets <= WHOLE_LIMIT_OCTETS;
    const [header, rest] = await this.#original(message, whole);
    const queuedAtMs = Math.min(...message.recipients.map((each) => each.queuedAtMs));
    const { reversePath, envelopeId } = message;
    const report: Report = {
      ...{ action, recipients, isInternational: !isAscii(reversePath) || message.smtputf8 },
      message: { reversePath, envelopeId, queuedAtMs, header, ...(whole && { rest }) },
    };
    const octets = composeReport(report, { hostname: this.#options.hostname, domain: this.#options.domain, id, nowMs });
    const recipient = await this.#sender(reversePath);
    if (recipient === undefined) return 'nobody';
    await this.#store({ ...this.#envelope(recipient, { id, nowMs, octets }), settles: settlements }, octets);
    return 'told';
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
  async #original(message: LeasedMessage, whole: boolean): Promise<readonly [Buffer, Buffer]> {
    try {
      return await this.#read(message, whole);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return [NOTHING, NOTHING];
    }
  }

  /** Its header, as much of it as a report holds, and with `whole` what follows. */
  async #read({ message, octets, headerOctets }: LeasedMessage, whole: boolean): Promise<readonly [Buffer, Buffer]> {
    const limit = whole ? octets : Math.min(headerOctets, HEADER_LIMIT_OCTETS);
    const read = await readUpTo(this.#options.queue.open(message), limit);
    const end = Math.min(headerOctets, HEADER_LIMIT_OCTETS);
    return whole ? [read.subarray(0, headerOctets), read.subarray(headerOctets)] : [wholeLines(read, end), NOTHING];
  }

  /** Who is told, and where: undefined when nobody is there. */
  async #sender(reversePath: string): Promise<Recipient | undefined> {
    const mailbox = readPath(`<${reversePath}>`)?.path.mailbox;
    if (mailbox === undefined) return undefined;
    const { local, domain = this.#options.domain } = mailbox;
    const found = await this.#options.store.resolve({ local, domain });
    if (found.kind === 'local') return { text: reversePath, targets: found.targets };
    if (found.kind !== 'remote') return undefined;
    return { text: reversePath, targets: [{ kind: 'remote', address: reversePath, destination: domain }] };
  }

  #envelope(recipient: Recipient, { id, nowMs, octets }: Made): Envelope {
    const envelope = envelopeFor([recipient], {
      ...{ reversePath: '', client: { helo: 'localhost', address: '127.0.0.1' }, protocol: 'local' },
      ...{ international: !isAscii(recipient.text), hostname: this.#options.hostname, id, atMs: nowMs },
    });
    const isSentOn = recipient.targets.some(({ kind }) => kind === 'remote');
    return isSentOn ? { ...envelope, outgoing: this.#outgoing(recipient, { id, nowMs, octets }) } : envelope;
  }

  #outgoing({ text }: Recipient, { nowMs, octets }: Made): Outgoing {
    return {
      trace: NOTHING, // It begins here.
      firstAttemptAtMs: nowMs,
      expiresAtMs: this.#options.schedule.deadlines(nowMs).expiresAtMs,
      bodyKind: areAscii(octets) ? '7bit' : '8bitmime',
      smtputf8: !isAscii(text),
      requireTls: false,
    };
  }

  /** @throws StoreError */
  async #store(envelope: Envelope, octets: Buffer): Promise<void> {
    const delivery = this.#options.store.deliver(envelope);
    await delivery.write(octets);
    await delivery.commit();
  }
}

interface Made {
  readonly id: string;
  readonly nowMs: number;
  readonly octets: Buffer;
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

/** Of a header that is too long for a report. */
function wholeLines(header: Buffer, end: number): Buffer {
  return header.length < HEADER_LIMIT_OCTETS ? header : header.subarray(0, header.lastIndexOf('\n', end - 1) + 1);
}
