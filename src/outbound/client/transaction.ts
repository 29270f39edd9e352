/**
 * One message to the recipients of one envelope (RFC 5321 §3.3): MAIL, a RCPT for each, DATA, the message, and its end. Where the
 * server takes commands without waiting (RFC 2920), all up to DATA go at once. Every recipient gets one outcome. Behind the end of the
 * message only a reply says what became of it; a connection that breaks there leaves it unknown.
 */
import type { Source } from '../../store/source.js';
import { BodyWriter, type BodyFault } from './body.js';
import { mailLine, rcptLine } from './commands.js';
import { timedOut } from './dialogue.js';
import type { OutboundEnvelope } from './envelope.js';
import type { Command, NotConnected, Outcome, Report } from './outcome.js';
import { broken, CLOSING, isPositive, type Answer } from './reply.js';
import { eightBit, plan, type Plan } from './requirements.js';
import { finding, refusal, type Session, type Step } from './session.js';

const START_INPUT = 354;
/** Of a server without credentials of ours (RFC 4954 §6), or one that wants TLS first (RFC 3207 §4). */
const AUTHENTICATION_REQUIRED = 530;
/** To RCPT it means too many recipients, for now (RFC 5321 §4.5.3.1.10). */
const STORAGE_EXCEEDED = 552;

export interface TransactionResult {
  readonly outcomes: readonly Outcome[];
  /** Whether the server is in the middle of a transaction, and has to hear RSET before another. */
  readonly needsReset: boolean;
  /** What answered the first command, where that was no reply to it: a broken connection, or 421. */
  readonly brokenAtOnce: boolean;
  readonly sourceError?: unknown;
}

export class Transaction {
  readonly #session: Session;
  readonly #envelope: OutboundEnvelope;
  readonly #outcomes: (Outcome | undefined)[];
  #needsReset = false;
  #brokenAtOnce = false;
  #sourceError: unknown;
  #awaitsEnd = false;

  constructor(session: Session, envelope: OutboundEnvelope) {
    this.#session = session;
    this.#envelope = envelope;
    this.#outcomes = envelope.recipients.map(() => undefined);
  }

  /** The final dot was sent, and is not answered. */
  get awaitsEnd(): boolean {
    return this.#awaitsEnd;
  }

  async run(source: Source, resetFirst: boolean): Promise<TransactionResult> {
    const planned = plan(this.#envelope, this.#session);
    if ('kind' in planned) this.#settleAll(planned);
    else await this.#inTime(() => this.#send(planned, source, resetFirst));
    const outcomes = this.#outcomes as readonly Outcome[];
    const { needsReset, brokenAtOnce, sourceError } = {
      needsReset: this.#needsReset,
      brokenAtOnce: this.#brokenAtOnce,
      sourceError: this.#sourceError,
    };
    return { outcomes, needsReset, brokenAtOnce, ...(sourceError !== undefined && { sourceError }) };
  }

  async #inTime(act: () => Promise<void>): Promise<void> {
    const { dialogue, deadlines } = this.#session;
    const timer = setTimeout(
      () => dialogue.break(timedOut('the server did not take the message')),
      deadlines.transactionMs,
    );
    await act().finally(() => clearTimeout(timer));
  }

  async #send(planned: Plan, source: Source, resetFirst: boolean): Promise<void> {
    planned.forwardPaths.forEach((path, at) => typeof path !== 'string' && this.#settle(at, path));
    if (this.#open.length === 0) return;
    if (resetFirst && !(await this.#reset())) return;
    const data = await this.#envelopeAnswers(planned);
    if (data !== undefined) await this.#message(data, source);
  }

  async #reset(): Promise<boolean> {
    const { dialogue, deadlines } = this.#session;
    const answer = await dialogue.ask('RSET', deadlines.resetMs);
    this.#noteFirst(answer);
    if (answer.kind === 'reply' && isPositive(answer)) return true;
    this.#settleAll(this.#refusal('RSET', answer, 'connection'));
    dialogue.break(broken('4.5.0', 'the server did not take RSET'));
    return false;
  }

  /** The answer to DATA, when there is anybody to send to. */
  async #envelopeAnswers(planned: Plan): Promise<Answer | undefined> {
    const { extensions } = this.#session;
    const lines = [
      mailLine(this.#envelope, { ...planned, extensions }),
      ...this.#open.map((at) =>
        rcptLine(planned.forwardPaths[at] as string, this.#envelope.recipients[at] as never, extensions),
      ),
    ];
    return extensions.has('PIPELINING') ? this.#pipelined(lines) : this.#oneByOne(lines);
  }

  async #oneByOne([mail = '', ...rcpts]: readonly string[]): Promise<Answer | undefined> {
    const { dialogue, deadlines } = this.#session;
    if (!this.#takeMail(await dialogue.ask(mail, deadlines.mailMs))) return undefined;
    for (const [index, at] of this.#open.entries())
      this.#takeRcpt(at, await dialogue.ask(rcpts[index] as string, deadlines.rcptMs));
    return this.#open.length > 0 ? dialogue.ask('DATA', deadlines.dataMs) : undefined;
  }

  async #pipelined(lines: readonly string[]): Promise<Answer | undefined> {
    const { dialogue, deadlines } = this.#session;
    const mail = dialogue.expect(deadlines.mailMs);
    const rcpts = this.#open.map((at) => [at, dialogue.expect(deadlines.rcptMs)] as const);
    const data = dialogue.expect(deadlines.dataMs);
    dialogue.write(Buffer.from([...lines, 'DATA', ''].join('\r\n')));
    const isOpen = this.#takeMail(await mail);
    for (const [at, rcpt] of rcpts) {
      const answer = await rcpt;
      if (isOpen) this.#takeRcpt(at, answer);
    }
    const answer = await data;
    if (this.#open.length > 0) return answer;
    await this.#endEmpty(answer);
    return undefined;
  }

  /** A server that wants a message for nobody gets none, and none of its lines is taken for a command (RFC 2920 §3.1). */
  async #endEmpty(data: Answer): Promise<void> {
    const { dialogue, deadlines } = this.#session;
    if (data.kind === 'reply' && data.code === START_INPUT) await dialogue.ask('.', deadlines.endOfDataMs);
  }

  #takeMail(answer: Answer): boolean {
    this.#noteFirst(answer);
    if (answer.kind === 'reply' && isPositive(answer)) {
      this.#needsReset = true;
      return true;
    }
    this.#settleAll(this.#refusal('MAIL', answer, 'message'));
    return false;
  }

  #takeRcpt(at: number, answer: Answer): void {
    if (answer.kind === 'reply' && isPositive(answer)) return;
    const refused = this.#refusal('RCPT', answer, 'recipient');
    this.#settle(at, refused.code === STORAGE_EXCEEDED ? { ...refused, kind: 'deferred' } : refused);
  }

  async #message(data: Answer, source: Source): Promise<void> {
    if (data.kind !== 'reply' || data.code !== START_INPUT) return this.#noMessage(data);
    const { dialogue, deadlines, extensions } = this.#session;
    const body = new BodyWriter(dialogue, {
      sizeOctets: this.#envelope.sizeOctets,
      isSevenBit: !extensions.has('8BITMIME'),
      blockMs: deadlines.blockMs,
    });
    const fault = await body.send(source);
    if (fault !== undefined) return this.#incomplete(fault);
    const answers = this.#answerers.map((positions) => [positions, dialogue.expect(deadlines.endOfDataMs)] as const);
    body.end();
    this.#needsReset = false;
    this.#awaitsEnd = true;
    for (const [positions, answer] of answers) this.#takeEnd(positions, await answer);
    this.#awaitsEnd = false;
  }

  #noMessage(data: Answer): void {
    const refused = this.#refusal('DATA', data, 'message');
    this.#settleAll(refused);
    // Whether it waits for a message now, nobody knows.
    if (data.kind === 'reply' && data.code < 400) this.#session.dialogue.break(broken(refused.status, refused.text));
  }

  /** Whose replies come behind the message: one for all, or in LMTP one for each (RFC 2033 §4.2). */
  get #answerers(): readonly (readonly number[])[] {
    return this.#session.nextHop.protocol === 'lmtp' ? this.#open.map((at) => [at]) : [this.#open];
  }

  #takeEnd(positions: readonly number[], answer: Answer): void {
    const outcome = this.#endOutcome(answer);
    for (const at of positions) this.#settle(at, outcome);
  }

  #endOutcome(answer: Answer): Outcome {
    if (answer.kind === 'reply' && isPositive(answer)) {
      const { code, status = '2.0.0', text } = answer;
      return { ...this.#step('end of data', 'message'), kind: 'delivered', code, status, text };
    }
    const concerns = this.#session.nextHop.protocol === 'lmtp' ? 'recipient' : 'message';
    const refused = this.#refusal('end of data', answer, concerns);
    return answer.kind === 'broken' ? { ...refused, kind: 'unknown' } : refused;
  }

  /** Without the final dot no server may deliver it (RFC 5321 §4.1.1.4): only the end of the connection says so. */
  #incomplete(fault: BodyFault): void {
    const { dialogue } = this.#session;
    const outcome = this.#incompleteOutcome(fault);
    if (fault.kind === 'source') this.#sourceError = fault.error;
    dialogue.break(broken(outcome.status, outcome.text));
    this.#settleAll(outcome);
  }

  #incompleteOutcome(fault: BodyFault): NotConnected {
    const step = this.#step('message', 'message');
    const { dialogue } = this.#session;
    switch (fault.kind) {
      case 'broken':
        return this.#refusal('message', dialogue.broken as Answer, 'message');
      case 'eight-bit':
        return eightBit(step);
      case 'size':
        return finding(
          step,
          '4.3.0',
          `the message has not the ${this.#envelope.sizeOctets} octets that it should have`,
        );
      case 'source':
        return finding(step, '4.3.0', 'the message could not be read here');
    }
  }

  get #open(): readonly number[] {
    return this.#outcomes.flatMap((outcome, at) => (outcome === undefined ? [at] : []));
  }

  #noteFirst(answer: Answer): void {
    this.#brokenAtOnce = answer.kind === 'broken' || answer.code === CLOSING;
  }

  #settle(at: number, outcome: Outcome): void {
    this.#outcomes[at] ??= outcome;
  }

  #settleAll(outcome: Outcome): void {
    for (const at of this.#open) this.#settle(at, outcome);
  }

  #refusal(command: Command, answer: Answer, concerns: Report['concerns']): NotConnected {
    const refused = refusal(this.#step(command, concerns), answer);
    if (refused.code !== AUTHENTICATION_REQUIRED) return refused;
    // Who took MAIL may take other recipients without a login: this one waits alone.
    return { ...refused, kind: 'deferred', concerns: command === 'RCPT' ? concerns : 'login' };
  }

  #step(command: Command, concerns: Report['concerns']): Step {
    return { command, concerns, remote: this.#session.remote };
  }
}
