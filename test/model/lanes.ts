/**
 * Random sequences against a model, many at once on one store: each lane has a domain of its own, so that what one
 * sequence leaves behind concerns nobody else, and commits of different lanes share their syncs.
 * SEED and RUNS in the environment set what is random, and how much of it.
 */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import type { MailStore } from '../../src/store/store.js';
import { StoreError } from '../../src/store/errors.js';
import type { Address } from '../../src/store/shapes.js';
import { addressOf, DOMAIN, type Stage } from '../support/dialogue-stage.js';
import { piecesAtOnce } from '../support/sources.js';
import { everything } from '../support/maildrops.js';

export const LANES = 32;
const RETRIES = 500;
const RETRY_MS = 2;

/** One lane: a store in which `example.org` is this lane's own domain. */
export class Lane {
  readonly domain: string;
  readonly store: MailStore;
  readonly #stage: Stage;

  constructor(stage: Stage, number: number) {
    this.#stage = stage;
    this.domain = domainOf(number);
    this.store = inDomain(stage.store, this.domain);
  }

  address(name: string): Address {
    return addressOf(`${name}@${this.domain}`);
  }

  /** What RETR would send, oldest first. */
  messages(name: string): readonly string[] {
    const { mailboxes } = this.#stage.store;
    const address = this.address(name);
    return this.uids(name).map((id) =>
      Buffer.concat(piecesAtOnce(now(mailboxes.readMail(address, id)))).toString('latin1'),
    );
  }

  /** The store's names of a maildrop's messages. */
  uids(name: string): readonly number[] {
    return now(this.#stage.store.mailboxes.listMail(this.address(name))).map(({ id }) => id);
  }

  /** Opens a maildrop as a session would: also the proof that nobody holds it. */
  async open(name: string) {
    const account = now(this.store.findLogin(name));
    if (account === undefined) throw new Error(`${name} was not given`);
    for (let left = RETRIES; ; left--) {
      try {
        return await this.#stage.store.open(account.id, { from: 'the test itself' });
      } catch (error) {
        if (!(error instanceof StoreError) || error.kind !== 'in-use' || left === 0) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async empty(name: string): Promise<void> {
    const maildrop = await this.open(name);
    if (maildrop.count > 0) await maildrop.remove(everything(maildrop));
    await maildrop.release();
  }

  /** Delivers in this order; `trace` is the first line of each. */
  async fill(name: string, messages: readonly Buffer[]): Promise<void> {
    const account = now(this.store.findLogin(name))?.id ?? -1;
    await Promise.all(
      messages.map((content) => {
        const body = content.indexOf('\r\n') + 2;
        const recipients = [{ kind: 'local' as const, account, recipient: name, trace: content.subarray(0, body) }];
        const delivery = this.#stage.store.deliver({ reversePath: '', receivedAtMs: Date.now(), recipients });
        void delivery.write(content.subarray(body));
        return delivery.commit();
      }),
    );
  }
}

export function domainOf(lane: number): string {
  return `lane${lane}.example`;
}

/** Runs the property `runs` times in all, spread over the lanes. @throws with the shrunk sequence and its seed */
export async function inLanes<T>(
  stage: Stage,
  runs: number,
  sequence: fc.Arbitrary<T>,
  holds: (lane: Lane, value: T) => Promise<void>,
): Promise<void> {
  const seed = Number(process.env['SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
  const inEach = Math.ceil(Number(process.env['RUNS'] ?? runs) / LANES);
  console.log(`      SEED=${seed}, ${inEach * LANES} sequences in ${LANES} lanes`);
  await Promise.all(
    Array.from({ length: LANES }, async (_, number) => {
      const lane = new Lane(stage, number);
      const property = fc.asyncProperty(sequence, (value) => holds(lane, value));
      await fc.assert(property, { seed: seed + number, numRuns: inEach });
    }),
  );
}

/** Every name is looked for in the lane's domain, but for those of other domains. */
function inDomain(store: MailStore, domain: string): MailStore {
  const renaming: Pick<MailStore, 'resolve' | 'findLogin'> = {
    resolve: (address) => store.resolve(address.domain === DOMAIN ? { ...address, domain } : address),
    findLogin: (name) => store.findLogin(`${name.replace(/@.*/, '')}@${domain}`),
  };
  return new Proxy(store, {
    get(_, name) {
      const own: unknown = Reflect.get(renaming, name) ?? Reflect.get(store, name);
      return typeof own === 'function' ? (own.bind(store) as unknown) : own;
    },
  });
}

function now<T>(soon: T | Promise<T>): T {
  if (soon instanceof Promise) throw new Error('this driver was to answer at once');
  return soon;
}
