/**
 * What clients were promised, in a file of their own that is synced before they go on: every 250 after end of data and
 * every +OK to QUIT. After a fault it is held against the maildrops. It trusts nothing that the server says of itself.
 *
 * LOST: acknowledged, or seen in a maildrop, and gone. RISEN: removed, and back again. TORN: other bytes than were sent,
 * or half of what must be whole. DUPLICATE: more copies than attempts; an attempt that heard no 250 may have made one.
 */
import { createHash } from 'node:crypto';
import { closeSync, fdatasync, openSync, writeSync } from 'node:fs';
import { behindTrace, pop3Session } from './mail-clients.js';
import { eventually } from './eventually.js';

/** One message as its sender knows it; each attempt makes one copy for every account, or none. */
interface Sent {
  readonly accounts: readonly string[];
  readonly hash: string;
  attempts: number;
  acknowledged: number;
}

/** One row of a maildrop, by its UIDL. `quit` joins what one QUIT was to remove. */
interface Copy {
  readonly key: string;
  fate: 'there' | 'leaving' | 'gone';
  quit?: number;
}

export interface Findings {
  lost: string[];
  risen: string[];
  torn: string[];
  duplicate: string[];
  /** Copies that came of what was sent again because nothing was known of it, since this was last counted: no fault of anybody. */
  resent: number;
  /** Messages that were compared byte for byte. */
  compared: number;
}

export interface Stock {
  readonly uidl: string;
  readonly key: string;
  readonly hash: string;
}

export interface Account {
  readonly address: string;
  readonly password: string;
}

export function nothingFound(): Findings {
  return { lost: [], risen: [], torn: [], duplicate: [], resent: 0, compared: 0 };
}

export function hashOf(message: Uint8Array): string {
  return createHash('sha1').update(message).digest('hex');
}

export class Ledger {
  readonly #file: number;
  readonly #sent = new Map<string, Sent>();
  readonly #copies = new Map<string, Map<string, Copy>>();
  /** By the id that the server gave with its 250. */
  readonly ids = new Map<string, string>();
  #waiting: (() => void)[] = [];
  #syncing = false;
  #quits = 0;
  /** When this was last counted. */
  #resent = 0;
  acknowledged = 0;
  removed = 0;
  /** Answers of +OK to QUIT. */
  removals = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'a', 0o600);
  }

  close(): void {
    closeSync(this.#file);
  }

  sent(key: string): Sent | undefined {
    return this.#sent.get(key);
  }

  /** What was seen in a maildrop, by UIDL, whether or not it is still there. */
  known(account: string): ReadonlyMap<string, { readonly key: string }> {
    return this.#of(account);
  }

  /** A message is about to be sent to its end: from now on a copy of it may appear. */
  attempt(key: string, accounts: readonly string[], hash: string): void {
    const sent = this.#sent.get(key) ?? { accounts, hash, attempts: 0, acknowledged: 0 };
    sent.attempts += 1;
    this.#sent.set(key, sent);
    this.#write({ attempt: key, accounts, hash });
  }

  /** The server said 250 and called the message `id`. Resolves when that is on our disk. */
  accepted(key: string, id: string): Promise<void> {
    (this.#sent.get(key) as Sent).acknowledged += 1;
    this.acknowledged += 1;
    this.ids.set(id, key);
    this.#write({ accepted: key, id });
    return this.#sync();
  }

  /** QUIT is about to be said. Returns the name of that removal. */
  removing(account: string, uidls: readonly string[]): number {
    const quit = ++this.#quits;
    for (const uidl of uidls) Object.assign(this.#copy(account, uidl), { fate: 'leaving', quit });
    this.#write({ removing: uidls, account, quit });
    return quit;
  }

  /** QUIT was answered with +OK. Resolves when that is on our disk. */
  removedAll(account: string, uidls: readonly string[]): Promise<void> {
    for (const uidl of uidls) this.#copy(account, uidl).fate = 'gone';
    this.removed += uidls.length;
    this.removals += 1;
    this.#write({ removed: uidls, account });
    return this.#sync();
  }

  /** An administrator was told that they are there again, under the same UIDLs. Resolves when that is on our disk. */
  restored(account: string, uidls: readonly string[]): Promise<void> {
    for (const uidl of uidls) this.#copy(account, uidl).fate = 'there';
    this.#write({ restored: uidls, account });
    return this.#sync();
  }

  /** Somebody listed the maildrop and read this: it must stay until it is removed. */
  saw(account: string, { uidl, key, hash }: Stock, findings: Findings): void {
    const what = `${key} as ${uidl} of ${account}`;
    findings.compared += 1;
    const copies = this.#of(account);
    const copy = copies.get(uidl);
    if (this.#sent.get(key)?.hash !== hash) findings.torn.push(`${what}: bytes differ`);
    if (copy?.fate === 'gone') findings.risen.push(what);
    else if (copy !== undefined && copy.key !== key) findings.torn.push(`${what}: the UIDL was that of ${copy.key}`);
    copies.set(uidl, { key, fate: 'there' });
  }

  /** All that a maildrop holds now, while nobody delivers or removes. */
  take(account: string, stock: readonly Stock[], findings: Findings): void {
    const present = new Set(stock.map(({ uidl }) => uidl));
    const halves = new Map<number, Set<boolean>>();
    for (const [uidl, copy] of this.#of(account)) {
      if (copy.fate === 'there' && !present.has(uidl)) findings.lost.push(`${copy.key} as ${uidl} of ${account}`);
      if (copy.fate === 'leaving' && copy.quit !== undefined)
        halves.set(copy.quit, (halves.get(copy.quit) ?? new Set()).add(present.has(uidl)));
      if (!present.has(uidl)) copy.fate = 'gone';
    }
    for (const [quit, kinds] of halves)
      if (kinds.size > 1) findings.torn.push(`half of what QUIT ${quit} of ${account} was to remove`);
    for (const each of stock) this.saw(account, each, findings);
  }

  /** After every maildrop was taken stock of: are there as many copies as were promised, and no more? */
  settle(findings: Findings): void {
    const counts = new Map<string, number>();
    for (const [account, copies] of this.#copies)
      for (const { key } of copies.values())
        counts.set(`${key} ${account}`, (counts.get(`${key} ${account}`) ?? 0) + 1);
    const before = this.#resent;
    this.#resent = 0;
    for (const [key, { accounts, attempts, acknowledged }] of this.#sent) {
      const each = accounts.map((account) => counts.get(`${key} ${account}`) ?? 0);
      const [least, most] = [Math.min(...each), Math.max(...each)];
      if (least < acknowledged) findings.lost.push(`${key}: ${acknowledged} acknowledged, ${least} stored`);
      else if (least !== most) findings.torn.push(`${key}: not the same for all its recipients`);
      if (most > attempts) findings.duplicate.push(`${key}: ${most} copies of ${attempts} attempts`);
      else this.#resent += Math.max(0, most - 1);
    }
    findings.resent += this.#resent - before;
  }

  #of(account: string): Map<string, Copy> {
    const found = this.#copies.get(account) ?? new Map<string, Copy>();
    this.#copies.set(account, found);
    return found;
  }

  #copy(account: string, uidl: string): Copy {
    const found = this.#of(account).get(uidl);
    if (found === undefined) throw new Error(`${uidl} of ${account} was never seen`);
    return found;
  }

  #write(entry: object): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  /** What is written while one sync runs shares the next. */
  #sync(): Promise<void> {
    const done = new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (!this.#syncing) this.#syncOnce();
    return done;
  }

  #syncOnce(): void {
    const served = this.#waiting;
    this.#waiting = [];
    this.#syncing = true;
    fdatasync(this.#file, (error) => {
      if (error !== null) throw error;
      this.#syncing = false;
      for (const resolve of served) resolve();
      if (this.#waiting.length > 0) this.#syncOnce();
    });
  }
}

/** What a message is called by its sender: our Message-ID. */
export function keyOf(message: Buffer): string {
  return /^Message-ID: <([^@]+)@ledger>/m.exec(message.toString('latin1', 0, 2048))?.[1] ?? 'a message without a key';
}

const LOCK_TIMEOUT_MS = 20_000;
/** RETRs under way at a time: fast, and small beside the server's bound on output. */
const WINDOW = 64;

/** Fetches every maildrop whole and compares. Nobody may deliver or remove meanwhile. */
export async function hold(ledger: Ledger, pop3Port: number, accounts: readonly Account[]): Promise<Findings> {
  const findings = nothingFound();
  for (const account of accounts) ledger.take(account.address, await stockOf(pop3Port, account), findings);
  ledger.settle(findings);
  return findings;
}

async function stockOf(port: number, { address, password }: Account): Promise<readonly Stock[]> {
  const client = await eventually(
    `the maildrop of ${address} to be free`,
    () => pop3Session(port, address, password).catch(() => undefined),
    LOCK_TIMEOUT_MS,
  );
  try {
    client.send('UIDL');
    await client.expect(/^\+OK/);
    const uidls = (await client.multiline()).toString().split('\r\n').filter(Boolean);
    const stock: Stock[] = [];
    for (let from = 0; from < uidls.length; from += WINDOW) {
      const window = uidls.slice(from, from + WINDOW);
      client.send(...window.map((_, at) => `RETR ${from + at + 1}`));
      for (const line of window) {
        await client.expect(/^\+OK/);
        const message = await client.multiline();
        stock.push(stockItem(line.split(' ')[1] as string, message));
      }
    }
    await client.ask('QUIT', /^\+OK/);
    return stock;
  } finally {
    client.destroy();
  }
}

export function stockItem(uidl: string, message: Buffer): Stock {
  const body = behindTrace(message);
  return { uidl, key: keyOf(body), hash: hashOf(body) };
}
