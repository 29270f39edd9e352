/**
 * What accounts answer by themselves (RFC 3834): from the null reverse-path, to the sender in the envelope, once in a week. The sender is
 * noted as answered before the answer is sent, so that nothing makes a second one; what fails behind that is no answer at all.
 */
import { Buffer } from 'node:buffer';
import { isProgram, readAnswerable, type Answerable } from '../message/automatic.js';
import { isAscii } from '../message/domain.js';
import { encodedWords } from '../message/encoded-words.js';
import { formatStoredAddress } from '../message/mailbox.js';
import { readPath } from '../message/path.js';
import { dateTime } from '../message/received.js';
import type { Recipient } from '../message/recipient.js';
import type { Answer, Autoreplies } from '../store/autoreplies.js';
import type { AccountId } from '../store/shapes.js';
import { withoutBrackets } from './delivery-status.js';
import { HEADER_LIMIT_OCTETS } from './header.js';
import { addresseeOf, newId, postNotice, type PostingOptions } from './posting.js';

export interface Answered {
  /** Not the null one. */
  readonly reversePath: string;
  /** As much of it as HEADER_LIMIT_OCTETS. */
  readonly header: Buffer;
  /** Who has it now, some of whom may answer. */
  readonly recipients: readonly Recipient[];
  readonly requireTls: boolean;
}

export interface AnsweringOptions extends PostingOptions {
  readonly autoreplies: Pick<Autoreplies, 'findAnswer' | 'claimAnswer'>;
}

/** Accounts that answer one message; further ones say nothing. */
const ANSWERS_LIMIT = 10;
/** Names in To and Cc that are looked up, to see whether one is the account's. */
const LOOKUPS_LIMIT = 50;

/** Resolves when all answers are durable that there are. @throws StoreError */
export async function answerSender(message: Answered, options: AnsweringOptions): Promise<void> {
  const { header, reversePath, recipients } = message;
  const mailbox = readPath(`<${reversePath}>`)?.path.mailbox;
  if (mailbox === undefined || isProgram(mailbox.local) || header.length >= HEADER_LIMIT_OCTETS) return;
  const answerable = readAnswerable(header);
  if (answerable === undefined) return;
  const addressee = await addresseeOf(reversePath, options);
  if (addressee === undefined) return;
  const answering = new Answering({ ...message, answerable, addressee }, options);
  await Promise.all(accountsOf(recipients).map((account) => answering.answer(account)));
}

function accountsOf(recipients: readonly Recipient[]): readonly AccountId[] {
  const accounts = recipients.flatMap(({ targets }) =>
    targets.flatMap((each) => (each.kind === 'local' && each.autoreplies === true ? [each.account] : [])),
  );
  return [...new Set(accounts)].slice(0, ANSWERS_LIMIT);
}

interface AnsweredTo extends Answered {
  readonly answerable: Answerable;
  readonly addressee: Recipient;
}

class Answering {
  readonly #message: AnsweredTo;
  readonly #options: AnsweringOptions;

  constructor(message: AnsweredTo, options: AnsweringOptions) {
    this.#message = message;
    this.#options = options;
  }

  async answer(account: AccountId): Promise<void> {
    const { addressee } = this.#message;
    const { autoreplies } = this.#options;
    const sender = addressee.text.toLowerCase();
    if (leadsTo(addressee.targets, account)) return; // It has written to itself.
    const answer = await autoreplies.findAnswer(account, sender);
    if (answer === undefined || !(await this.#isNamed(account))) return;
    if ((await autoreplies.claimAnswer(account, sender)) === 0) return;
    await this.#post(answer);
  }

  /** RFC 3834 §2: whether a field of recipients names the account, by the path that the message came by or by another name of it. */
  async #isNamed(account: AccountId): Promise<boolean> {
    const { answerable, recipients } = this.#message;
    const { named } = answerable;
    if (recipients.some(({ text, targets }) => leadsTo(targets, account) && named.has(text.toLowerCase()))) return true;
    for (const text of [...named].slice(0, LOOKUPS_LIMIT)) {
      const { local, domain } = readPath(`<${text}>`)?.path.mailbox ?? {};
      if (local === undefined || domain === undefined) continue;
      const found = await this.#options.store.resolve({ local, domain });
      if (found.kind === 'local' && leadsTo(found.targets, account)) return true;
    }
    return false;
  }

  async #post(answer: Answer): Promise<void> {
    const { addressee, answerable, requireTls } = this.#message;
    const made = { id: newId(), nowMs: Date.now() };
    const octets = compose(answer, addressee.text, answerable, { ...made, hostname: this.#options.hostname });
    const isInternational = !isAscii(answer.address);
    await postNotice(addressee, { ...made, octets, requireTls, isInternational }, this.#options);
  }
}

function leadsTo(targets: Recipient['targets'], account: AccountId): boolean {
  return targets.some((each) => each.kind === 'local' && each.account === account);
}

interface Made {
  readonly id: string;
  readonly nowMs: number;
  readonly hostname: string;
}

/** RFC 3834 §3. Nothing of the message stands in it but ids. */
function compose(
  { address, subject, text }: Answer,
  to: string,
  { messageId, references }: Answerable,
  { id, nowMs, hostname }: Made,
): Buffer {
  const lines = [
    `Date: ${dateTime(nowMs)}`,
    `From: <${formatStoredAddress(address)}>`,
    `To: <${withoutBrackets(to)}>`,
    `Subject: ${encodedWords(subject)}`,
    `Message-ID: <${id}@${hostname}>`,
    ...(messageId === undefined ? [] : [`In-Reply-To: ${messageId}`, `References: ${references.join('\r\n ')}`]),
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Transfer-Encoding: ${isAscii(text) ? '7bit' : '8bit'}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${text}`);
}
