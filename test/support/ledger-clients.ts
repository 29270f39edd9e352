/**
 * A mixed load that keeps a ledger: small and large messages to one or several, by DATA and BDAT, and POP3 sessions that
 * read and remove. A client whose message was not acknowledged sends it again, once in a while, as a mail server would.
 */
import type { Chance } from './ledger-chance.js';
import { hashOf, stockItem, type Account, type Findings, type Ledger } from './ledger.js';
import { stuffed, type LineClient } from './line-client.js';
import { demand, pop3Session, retrieve, smtpSession } from './mail-clients.js';

export interface LoadOptions {
  readonly smtpPort: number;
  readonly pop3Port: number;
  readonly accounts: readonly Account[];
  readonly senders?: number;
  readonly readers?: number;
  /** Of messages, how many are large: 0 to 1. */
  readonly large?: number;
  readonly largeOctets?: number;
  /** Between two messages of one client. */
  readonly pauseMs?: number;
}

interface Letter {
  readonly key: string;
  readonly to: readonly string[];
  readonly message: Buffer;
}

const MESSAGES_PER_SESSION = 5;
const READ_LIMIT = 30;
const PAUSE_AFTER_FAILURE_MS = 20;
const LARGE_OCTETS = 1024 * 1024;
const LINE = 'every line of it is told apart by its number, so that a missing one shows';
let loads = 0;

export class LedgerLoad {
  /** What was refused or broke off, and why; every one of them is allowed. */
  readonly failures: string[] = [];
  readonly #ledger: Ledger;
  readonly #findings: Findings;
  readonly #options: Required<LoadOptions>;
  readonly #name = `${process.pid}-${++loads}`;
  readonly #clients: readonly Promise<void>[];
  #letters = 0;
  #stopped = false;

  constructor(ledger: Ledger, findings: Findings, chance: Chance, options: LoadOptions) {
    this.#ledger = ledger;
    this.#findings = findings;
    this.#options = { senders: 6, readers: 2, large: 0.03, largeOctets: LARGE_OCTETS, pauseMs: 4, ...options };
    const { senders, readers } = this.#options;
    this.#clients = [
      ...Array.from({ length: senders }, () => this.#sendAll(chance.branch())),
      ...Array.from({ length: readers }, () => this.#again((dice) => this.#readSome(dice), chance.branch())),
    ];
  }

  /** Resolves when every client has its last answer, or the end of its connection. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#clients);
  }

  async #again(act: (chance: Chance) => Promise<void>, chance: Chance): Promise<void> {
    while (!this.#stopped) {
      try {
        await act(chance);
      } catch (error) {
        this.failures.push((error as Error).message);
        await pause(PAUSE_AFTER_FAILURE_MS);
      }
    }
  }

  async #sendAll(chance: Chance): Promise<void> {
    const unsure: Letter[] = [];
    await this.#again(() => this.#sendSome(chance, unsure), chance);
  }

  async #sendSome(chance: Chance, unsure: Letter[]): Promise<void> {
    const client = await smtpSession(this.#options.smtpPort);
    try {
      for (let count = 0; count < MESSAGES_PER_SESSION && !this.#stopped; count++) {
        const letter = unsure.pop() ?? this.#letter(chance);
        try {
          await this.#send(client, letter, chance);
        } catch (error) {
          if (chance.happens(0.5)) unsure.push(letter);
          throw error;
        }
        await pause(this.#options.pauseMs);
      }
      await client.ask('QUIT', /^221/);
    } finally {
      client.destroy();
    }
  }

  async #send(client: LineClient, { key, to, message }: Letter, chance: Chance): Promise<void> {
    await demand(client, 'MAIL FROM:<sender@example.org> BODY=8BITMIME', 250);
    for (const address of to) await demand(client, `RCPT TO:<${address}>`, 250);
    const attempt = (): void => this.#ledger.attempt(key, to, hashOf(message));
    if (chance.happens(0.5)) await sendChunks(client, message, chance, attempt);
    else {
      await demand(client, 'DATA', 354);
      attempt();
      client.write(Buffer.concat([stuffed(message), Buffer.from('.\r\n')]));
    }
    const { code, lines } = await client.reply();
    const id = acceptedId(code, lines);
    if (id === undefined) throw new Error(`End of data: '${code} ${lines.join(' / ')}'`);
    await this.#ledger.accepted(key, id);
  }

  async #readSome(chance: Chance): Promise<void> {
    const account = chance.pick(this.#options.accounts);
    const client = await pop3Session(this.#options.pop3Port, account.address, account.password);
    try {
      client.send('UIDL');
      await client.expect(/^\+OK/);
      const listed = (await client.multiline()).toString().split('\r\n').filter(Boolean);
      const marked: string[] = [];
      for (const line of listed.slice(0, READ_LIMIT)) {
        const [number = '', uidl = ''] = line.split(' ');
        this.#ledger.saw(account.address, stockItem(uidl, await retrieve(client, Number(number))), this.#findings);
        if (!chance.happens(0.6)) continue;
        await client.ask(`DELE ${number}`, /^\+OK/);
        marked.push(uidl);
      }
      if (chance.happens(0.2)) return; // A client that goes without QUIT has removed nothing.
      this.#ledger.removing(account.address, marked);
      await client.ask('QUIT', /^\+OK/);
      await this.#ledger.removedAll(account.address, marked);
    } finally {
      client.destroy();
      await pause(10 * this.#options.pauseMs);
    }
  }

  #letter(chance: Chance): Letter {
    const key = `${this.#name}-${++this.#letters}`;
    const octets = chance.happens(this.#options.large) ? this.#options.largeOctets : chance.between(100, 3000);
    const addresses = this.#options.accounts.map(({ address }) => address);
    const to = chance.happens(0.7) ? [chance.pick(addresses)] : addresses;
    return { key, to, message: letterOf(key, octets) };
  }
}

/** What the server calls the message that it took. */
export function acceptedId(code: number, lines: readonly string[]): string | undefined {
  return code === 250 ? /^250 2\.0\.0 Accepted as (\S+)$/.exec(lines[0] ?? '')?.[1] : undefined;
}

async function sendChunks(client: LineClient, message: Buffer, chance: Chance, attempt: () => void): Promise<void> {
  const border = chance.between(1, message.length - 1);
  client.send(`BDAT ${border}`);
  client.write(message.subarray(0, border));
  const { code, lines } = await client.reply();
  if (code !== 250) throw new Error(`BDAT: '${lines.join(' / ')}'`);
  attempt();
  client.send(`BDAT ${message.length - border} LAST`);
  client.write(message.subarray(border));
}

export function letterOf(key: string, octets: number): Buffer {
  const lines = [`Message-ID: <${key}@ledger>`, 'Subject: of a ledger', '', '.a dot first', '..', ''];
  const text = [lines.join('\r\n')];
  for (let length = (text[0] as string).length, number = 0; length < octets; number++) {
    const line = `${key} ${number} ${LINE}\r\n`;
    text.push(line);
    length += line.length;
  }
  return Buffer.from(text.join(''), 'latin1');
}

/** Removes most of what a maildrop holds, so that the next round has less to compare. Returns the UIDLs of what went. */
export async function thin(ledger: Ledger, port: number, account: Account, chance: Chance): Promise<readonly string[]> {
  const client = await pop3Session(port, account.address, account.password);
  try {
    client.send('UIDL');
    await client.expect(/^\+OK/);
    const listed = (await client.multiline()).toString().split('\r\n').filter(Boolean);
    const marked = listed.filter(() => chance.happens(0.9)).map((line) => line.split(' ') as [string, string]);
    client.send(...marked.map(([number]) => `DELE ${number}`));
    for (const [number] of marked) await client.expect(new RegExp(`^\\+OK Message ${number} `));
    const uidls = marked.map(([, uidl]) => uidl);
    ledger.removing(account.address, uidls);
    await client.ask('QUIT', /^\+OK/);
    await ledger.removedAll(account.address, uidls);
    return uidls;
  } finally {
    client.destroy();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
