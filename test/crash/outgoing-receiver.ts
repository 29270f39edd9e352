/**
 * The next server of a campaign: takes most of what comes, after a moment, and notes it in the ledger when it has it, before it answers.
 * What it does with a recipient is in the address, so that it can be repeated: see `Treatment`.
 */
import type { Chance } from '../support/ledger-chance.js';
import { ScriptedServer, type ScriptedSession } from '../support/scripted-server.js';
import { add, type OutgoingLedger } from './outgoing-ledger.js';

/**
 * The local part begins with it. `later`: 451 the first time. `refused`: 550. `cut`: the first time, the connection is cut behind the
 * message, which is not taken. The message as a whole is refused by the domain UNWANTED.
 */
export const TREATMENTS = ['taken', 'later', 'refused', 'cut'] as const;
type Treatment = (typeof TREATMENTS)[number];

export const UNWANTED = 'unwanted.example';
const MOST_DELAY_MS = 20;

export class OutgoingReceiver {
  readonly #ledger: OutgoingLedger;
  readonly #chance: Chance;
  readonly #tries = new Map<string, number>();
  readonly #recipients = new WeakMap<ScriptedSession, readonly string[]>();
  #server: ScriptedServer | undefined;

  constructor(ledger: OutgoingLedger, chance: Chance) {
    this.#ledger = ledger;
    this.#chance = chance;
  }

  async start(): Promise<number> {
    this.#server = await ScriptedServer.start({
      extensions: ['PIPELINING', '8BITMIME'],
      answer: (line, session) => this.#answer(line, session),
    });
    return this.#server.port;
  }

  stop(): Promise<void> | undefined {
    return this.#server?.stop();
  }

  #answer(line: string, session: ScriptedSession): string | undefined {
    if (line.startsWith('MAIL')) this.#recipients.set(session, []);
    if (line.startsWith('RCPT')) return this.#answerRcpt(/<(.*)>/.exec(line)?.[1] ?? '', session);
    return line === '.' ? this.#answerEnd(session) : undefined;
  }

  #answerRcpt(recipient: string, session: ScriptedSession): string | undefined {
    add(this.#tries, recipient);
    if (isTreated(recipient, 'refused')) {
      this.#ledger.refused(recipient, 'refused');
      return '550 5.7.1 Not to this one';
    }
    if (isTreated(recipient, 'later') && this.#isFirst(recipient)) return '451 4.2.0 Not yet';
    this.#recipients.set(session, [...(this.#recipients.get(session) ?? []), recipient]);
    return undefined;
  }

  #answerEnd(session: ScriptedSession): string {
    const recipients = this.#recipients.get(session) ?? [];
    if (recipients.some((each) => each.endsWith(UNWANTED))) {
      for (const each of recipients) this.#ledger.refused(each, `refused beside ${recipients.join(' ')}`);
      return '554 5.7.1 Not this message';
    }
    if (recipients.some((each) => isTreated(each, 'cut') && this.#isFirst(each))) {
      session.destroy();
      return '';
    }
    this.#ledger.took(recipients, session.messages.at(-1) as Buffer);
    setTimeout(() => session.say('250 2.0.0 taken'), this.#chance.between(0, MOST_DELAY_MS));
    return '';
  }

  #isFirst(recipient: string): boolean {
    return this.#tries.get(recipient) === 1;
  }
}

function isTreated(recipient: string, treatment: Treatment): boolean {
  return recipient.startsWith(treatment);
}
