/**
 * Whether the time of a failed login tells a name that has an account from one that has none: the real authenticator on a
 * real store, kinds in turn, as often as the argument says. Prints each kind's median, the difference of two kinds, and
 * the noise: what two random halves of the same kind differ by, in 19 of 20 cases. Run by hand; no test depends on time.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authenticator } from '../src/auth/authenticator.js';
import { generatePassword } from '../src/auth/password.js';
import { appSecretsOf, secretsOf } from '../src/auth/secrets.js';
import { sqlite } from '../src/store/sqlite/driver.js';
import type { MailStore } from '../src/store/store.js';

const KINDS = ['nobody', 'plain', 'many', 'disabled'] as const;
const HALVINGS = 2_000;
const APP_PASSWORDS = 10;

type Kind = (typeof KINDS)[number];

async function furnish(store: MailStore): Promise<void> {
  const saltSecret = await store.saltSecret();
  for (const local of ['plain', 'many', 'disabled'] as const) {
    const login = { address: `${local}@localhost`, saltSecret };
    const { hash, scram } = await secretsOf(generatePassword(), login);
    await store.directory.addAccount({ local, domain: 'localhost' }, hash, scram);
  }
  const many = { local: 'many', domain: 'localhost' };
  for (let number = 0; number < APP_PASSWORDS; number++) {
    const secrets = await appSecretsOf(generatePassword(), { address: 'many@localhost', saltSecret });
    await store.directory.addCredential(many, { name: `device ${number}`, scopes: ['pop3', 'smtp'], ...secrets });
  }
  await store.directory.setEnabled({ local: 'disabled', domain: 'localhost' }, false);
}

async function measure(store: MailStore, rounds: number): Promise<ReadonlyMap<Kind, number[]>> {
  const admit = () => ({ kind: 'admitted', delayMs: 0 }) as const;
  const throttle = {
    admit,
    attempt: () => Promise.resolve({ kind: 'admitted' as const, delayMs: 0 }),
    failed: () => undefined,
    withdrawn: () => undefined,
    succeeded: () => undefined,
  };
  const observer = { failed: () => undefined, unbound: () => undefined, trouble: () => undefined };
  const authenticator = new Authenticator({ store, throttle, observer, clientOf: (address) => address });
  const times = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]));
  for (let round = 0; round < rounds; round++)
    for (const kind of shuffled(KINDS)) {
      const attempt = { name: `${kind}@localhost`, password: 'a wrong password', scope: 'pop3' } as const;
      const startedAtMs = performance.now();
      await authenticator.check({
        ...attempt,
        mechanism: 'USER',
        ...{ session: '1.1', protocol: 'pop3' },
        peer: { origin: 'network', address: '192.0.2.1' },
      });
      times.get(kind)?.push(performance.now() - startedAtMs);
    }
  return times;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN) + (sorted[Math.floor(sorted.length / 2)] ?? NaN)) / 2;
}

/** What the medians of two random halves differ by, in 19 of 20 halvings. */
function noise(values: readonly number[]): number {
  const half = Math.floor(values.length / 2);
  const differences = Array.from({ length: HALVINGS }, () => {
    const mixed = shuffled(values);
    return Math.abs(median(mixed.slice(0, half)) - median(mixed.slice(half)));
  });
  return differences.toSorted((a, b) => a - b)[Math.floor(HALVINGS * 0.95)] ?? NaN;
}

function shuffled<T>(values: readonly T[]): T[] {
  const mixed = [...values];
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    [mixed[at], mixed[other]] = [mixed[other] as T, mixed[at] as T];
  }
  return mixed;
}

const rounds = Number(process.argv[2] ?? 500);
const directory = mkdtempSync(join(tmpdir(), 'pennypost-timing-'));
const store = await sqlite.open(join(directory, 'mail.db'));
try {
  await furnish(store);
  const times = await measure(store, rounds);
  const unknown = times.get('nobody') ?? [];
  for (const [kind, values] of times) {
    const figures = [median(values), median(values) - median(unknown), noise(values)].map((ms) => ms.toFixed(3));
    process.stdout.write(`${kind}: median ${figures[0]} ms, from nobody ${figures[1]} ms, noise ${figures[2]} ms\n`);
  }
} finally {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
}
