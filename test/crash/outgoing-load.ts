/** Clients that log in and send to other domains, and some of it here too, until they are told to stop. Nothing is sent again. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Chance } from '../support/ledger-chance.js';
import { acceptedId, letterOf } from '../support/ledger-clients.js';
import { stuffed, type LineClient } from '../support/line-client.js';
import { demand, smtpSession } from '../support/mail-clients.js';
import type { Letter, OutgoingLedger } from './outgoing-ledger.js';
import { TREATMENTS, UNWANTED } from './outgoing-receiver.js';

export interface OutgoingLoadOptions {
  /** Of submission. */
  readonly port: number;
  readonly from: string;
  readonly password: string;
  /** Where some of it goes here. */
  readonly copyTo?: string;
}

const SENDERS = 4;
const MESSAGES_PER_SESSION = 10;
const PAUSE_MS = 15;
const PAUSE_AFTER_FAILURE_MS = 50;
const RECIPIENTS_LIMIT = 4;
const SMALL_OCTETS = [100, 3_000] as const;
const LARGE_OCTETS = 300_000;
const LARGE = 0.03;
const DOMAINS = ['one.example', 'two.example', 'three.example', 'four.example', UNWANTED];
/** As often as they stand here. */
const WEIGHTED = [...Array.from({ length: 16 }, () => TREATMENTS[0]), 'later', 'later', 'refused', 'refused', 'cut'];

/** For the server: one account sends all of this. */
export const UNLIMITED = ['--max-recipients-per-hour', 'none', '--max-recipients-per-day', 'none'] as const;

export class OutgoingLoad {
  readonly failures: string[] = [];
  readonly #ledger: OutgoingLedger;
  readonly #options: OutgoingLoadOptions;
  readonly #senders: readonly Promise<void>[];
  #letters = 0;
  #isStopped = false;

  constructor(ledger: OutgoingLedger, chance: Chance, options: OutgoingLoadOptions) {
    this.#ledger = ledger;
    this.#options = options;
    this.#senders = Array.from({ length: SENDERS }, () => this.#sendAll(chance.branch()));
  }

  /** Resolves when every client has its last answer, or the end of its connection. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#senders);
  }

  async #sendAll(chance: Chance): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#sendSome(chance);
      } catch (error) {
        this.failures.push((error as Error).message);
        await pause(PAUSE_AFTER_FAILURE_MS);
      }
    }
  }

  async #sendSome(chance: Chance): Promise<void> {
    const { port, from, password } = this.#options;
    const client = await smtpSession(port);
    try {
      await demand(client, `AUTH PLAIN ${Buffer.from(`\0${from}\0${password}`).toString('base64')}`, 235);
      for (let count = 0; count < MESSAGES_PER_SESSION && !this.#isStopped; count++) {
        await this.#send(client, this.#letter(chance));
        await pause(PAUSE_MS);
      }
      await client.ask('QUIT', /^221/);
    } finally {
      client.destroy();
    }
  }

  async #send(client: LineClient, letter: Letter): Promise<void> {
    const { from, copyTo } = this.#options;
    await demand(client, `MAIL FROM:<${from}>`, 250);
    for (const recipient of letter.recipients) await demand(client, `RCPT TO:<${recipient}>`, 250);
    if (letter.hasCopyHere && copyTo !== undefined) await demand(client, `RCPT TO:<${copyTo}>`, 250);
    await demand(client, 'DATA', 354);
    this.#ledger.attempt(letter);
    client.write(Buffer.concat([stuffed(letter.octets), Buffer.from('.\r\n')]));
    const { code, lines } = await client.reply();
    const id = acceptedId(code, lines);
    if (id === undefined) throw new Error(`End of data: '${code} ${lines.join(' / ')}'`);
    this.#ledger.accepted(letter.key, id);
  }

  #letter(chance: Chance): Letter {
    const key = `out${++this.#letters}`;
    const recipients = Array.from(
      { length: chance.between(1, RECIPIENTS_LIMIT) },
      (_, at) => `${chance.pick(WEIGHTED)}.${key}.${at}@${chance.pick(DOMAINS)}`,
    );
    // Complete, so that nothing is added to it on its way (RFC 6409 §8).
    const { from, copyTo } = this.#options;
    const header = `From: <${from}>\r\nDate: Mon, 30 Nov 2026 12:00:00 +0000\r\n`;
    const octets = chance.happens(LARGE) ? LARGE_OCTETS : chance.between(...SMALL_OCTETS);
    return {
      ...{ key, recipients, hasCopyHere: copyTo !== undefined && chance.happens(0.3) },
      octets: Buffer.concat([Buffer.from(header), letterOf(key, octets)]),
    };
  }
}
