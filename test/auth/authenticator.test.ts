/** Who may log in, on a real store that two processes share as far as it can tell. */
import { createHook, type AsyncHook } from 'node:async_hooks';
import { scryptSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Authenticator, type LoginThrottle } from '../../src/auth/authenticator.js';
import type { LoginFailure, ScramCandidate, ScramKeys, LoginResult } from '../../src/auth/login.js';
import { isOutdated } from '../../src/auth/password.js';
import { makeScramKeys, readScramKeys } from '../../src/auth/scram-keys.js';
import { appSecretsOf, secretsOf } from '../../src/auth/secrets.js';
import { rules } from '../../src/auth/throttle.js';
import { LoginLimiter } from '../../src/cluster/supervisor/login-limiter.js';
import type { FromLoginLimiter, ToLoginLimiter, ToWorker } from '../../src/cluster/control/messages.js';
import { SharedThrottle } from '../../src/cluster/worker/shared-throttle.js';
import { clientOf } from '../../src/ip/networks.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import type { Scope } from '../../src/store/shapes.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';

const ALICE = { local: 'alice', domain: 'localhost' };
interface Details {
  readonly from?: string;
  readonly scope?: Scope;
}

/** A worker's throttle of a login limiter, with nothing but calls in between; `overhear` hears what the worker tells. */
function sharing(limiter: LoginLimiter, overhear: (told: ToLoginLimiter) => void = () => undefined): SharedThrottle {
  const worker = { send: (told: ToWorker) => throttle.receive(told as FromLoginLimiter) };
  const throttle = new SharedThrottle(limiter.add(worker), (told) => {
    overhear(told);
    limiter.receive(worker, told);
  });
  return throttle;
}

describe('the authenticator', () => {
  let directory = '';
  let store: MailStore;
  let other: MailStore;
  let failures: LoginFailure[];
  let troubles: string[];
  let authenticator: Authenticator;
  let hashes = 0;
  let hook: AsyncHook;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-auth-'));
    store = await sqlite.open(join(directory, 'mail.db'));
    other = await sqlite.open(join(directory, 'mail.db'));
    failures = [];
    troubles = [];
    authenticator = make(store);
    const { hash, scram } = await secretsOf('secret', await login(ALICE.local));
    await store.directory.addAccount(ALICE, hash, scram);
    hashes = 0;
    hook = createHook({ init: (_id, type) => (hashes += type === 'SCRYPTREQUEST' ? 1 : 0) }).enable();
  });

  afterEach(async () => {
    hook.disable();
    expect(troubles).to.be.empty; // Whatever still runs beside a login may lose the store from here on.
    await other.close();
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function make(on: MailStore, throttle: LoginThrottle = sharing(new LoginLimiter())) {
    const ofThisTest = troubles; // What comes late belongs to no other test.
    const observer = {
      failed: (failure: LoginFailure) => void failures.push(failure),
      unbound: () => undefined,
      trouble: (what: string, error: unknown) => void ofThisTest.push(`${what}: ${String(error)}`),
    };
    return new Authenticator({ store: on, throttle, observer, clientOf });
  }

  async function login(name: string) {
    return { address: await store.loginAddress(`${name}@localhost`), saltSecret: await store.saltSecret() };
  }

  function attempt(name: string, { from = '192.0.2.1', scope = 'pop3' }: Details = {}) {
    return {
      name,
      scope,
      mechanism: 'USER',
      session: '1.1',
      protocol: 'submission',
      peer: { origin: 'network' as const, address: from },
    };
  }

  function check(name: string, password: string, details: Details = {}, by = authenticator): Promise<LoginResult> {
    return by.check({ ...attempt(name, details), password });
  }

  async function kindOf(verdict: Promise<LoginResult>): Promise<string> {
    return (await verdict).kind;
  }

  async function addPhone(scopes: readonly Scope[] = ['pop3']): Promise<string> {
    const password = 'k7mw-hq3p-x9ta-d4re';
    const secrets = await appSecretsOf(password, await login(ALICE.local));
    await store.directory.addCredential(ALICE, { name: 'phone', scopes, ...secrets });
    return password;
  }

  it('welcomes the right password, and says the same of every other login', async () => {
    await store.directory.addAccount({ ...ALICE, local: 'bob' }, (await secretsOf('secret', await login('bob'))).hash);
    await store.directory.setEnabled({ ...ALICE, local: 'bob' }, false);
    hashes = 0;
    expect(await check('Alice@localhost', 'secret')).to.include({ kind: 'welcome', credential: undefined });
    for (const [name, password] of [
      ['alice', 'Secret'],
      ['nobody', 'secret'],
      ['', ''],
      ['bob', 'secret'],
    ] as const)
      expect(await check(name, password), name).to.deep.equal({ kind: 'wrong' });
    expect(failures.map(({ outcome, reason, account }) => [outcome, reason, account])).to.deep.equal([
      ['wrong', 'wrong password', 'alice@localhost'],
      ['wrong', 'unknown account', undefined],
      ['wrong', 'unknown account', undefined],
      ['wrong', 'disabled', 'bob@localhost'],
    ]);
    expect(JSON.stringify(failures)).to.not.match(/secret|nobody/i);
    expect(hashes).to.equal(5);
  });

  it('hashes once for a client that logs in again and again', async () => {
    for (let count = 0; count < 5; count++) expect(await kindOf(check('alice', 'secret'))).to.equal('welcome');
    expect(hashes).to.equal(1);
    expect(await kindOf(check('alice', 'wrong'))).to.equal('wrong');
    expect(await kindOf(check('alice', 'wrong'))).to.equal('wrong');
    expect(hashes).to.equal(3);
  });

  it('forgets a verified login at once when the password is changed elsewhere', async () => {
    await check('alice', 'secret');
    const { hash } = await secretsOf('other', await login('alice'));
    await other.directory.setPassword(ALICE, hash);
    expect(await kindOf(check('alice', 'secret'))).to.equal('wrong');
    expect(await kindOf(check('alice', 'other'))).to.equal('welcome');
  });

  it('forgets it at once when the account is disabled elsewhere, or removed and made again', async () => {
    await check('alice', 'secret');
    await other.directory.setEnabled(ALICE, false);
    expect(await kindOf(check('alice', 'secret'))).to.equal('wrong');
    await other.directory.setEnabled(ALICE, true);
    expect(await kindOf(check('alice', 'secret'))).to.equal('welcome');
    await other.directory.removeAccount(ALICE);
    expect(await kindOf(check('alice', 'secret'))).to.equal('wrong');
  });

  it('takes an app password for its scopes, without a slow hash, until it is revoked', async () => {
    const password = await addPhone(['pop3']);
    hashes = 0;
    expect(await check('alice', password)).to.have.nested.property('credential.name', 'phone');
    expect(hashes).to.equal(0);
    expect(await kindOf(check('alice', password, { scope: 'smtp' }))).to.equal('wrong');
    expect(failures.at(-1)).to.include({ reason: 'out of scope', protocol: 'submission' });
    expect(await kindOf(check('alice', 'secret'))).to.equal('welcome');
    await other.directory.removeCredential(ALICE, 'phone');
    expect(await kindOf(check('alice', password))).to.equal('wrong');
    expect(failures.at(-1)).to.include({ reason: 'wrong password' });
  });

  it('notes when and from where each password was used', async () => {
    const password = await addPhone();
    await check('alice', password, { from: '192.0.2.7' });
    await check('alice', 'secret', { from: '192.0.2.8' });
    await check('alice', 'wrong', { from: '192.0.2.9' });
    await eventually('both uses', async () => {
      const account = await store.findLogin('alice');
      return account?.lastUsedFrom === '192.0.2.8' && account.credentials[0]?.lastUsedFrom === '192.0.2.7';
    });
  });

  it('makes a hash of other parameters, and missing SCRAM keys, anew after a login', async () => {
    const salt = Buffer.alloc(16, 1);
    const text = (value: Buffer) => value.toString('base64').replaceAll('=', '');
    const old = `$scrypt$ln=1,r=1,p=1$${text(salt)}$${text(scryptSync('secret', salt, 32, { N: 2, r: 1, p: 1 }))}`;
    await store.directory.setPassword(ALICE, old);
    expect(await kindOf(check('alice', 'wrong'))).to.equal('wrong');
    expect((await store.findLogin('alice'))?.passwordHash).to.equal(old);
    expect(await kindOf(check('alice', 'secret'))).to.equal('welcome');
    const renewed = await eventually('the new secrets', async () => {
      const account = await store.findLogin('alice');
      return account?.passwordHash === old ? undefined : account;
    });
    expect(await kindOf(check('alice+phone', 'secret')), 'as a device').to.equal('wrong');
    expect(isOutdated(renewed.passwordHash ?? old)).to.equal(false);
    const keys = await authenticator.scramKeys(attempt('alice'));
    expect(keys).to.have.property('candidates').with.length(1);
    expect(await kindOf(check('alice', 'secret'))).to.equal('welcome');
  });

  describe('for SCRAM', () => {
    async function begin(name: string, scope: Scope = 'pop3'): Promise<ScramKeys> {
      const keys = await authenticator.scramKeys(attempt(name, { scope }));
      if (keys.kind === 'refused') throw new Error('it was not to refuse');
      return keys;
    }

    /** What a client that knows the password proves; a mechanism compares proofs, which comes to the same. */
    async function proved(password: string, keys: ScramKeys): Promise<ScramCandidate | undefined> {
      const mine = readScramKeys(await makeScramKeys(password, keys), keys);
      return keys.candidates.find(({ storedKey }) => mine?.storedKey.equals(storedKey));
    }

    it('gives one salt for all passwords of an account in scope', async () => {
      const password = await addPhone(['smtp']);
      const keys = await begin('alice', 'smtp');
      expect(keys.candidates.map(({ credential }) => credential?.name)).to.deep.equal([undefined, 'phone']);
      expect((await proved(password, keys))?.credential?.name).to.equal('phone');
      expect(await proved('secret', keys)).to.have.property('credential', undefined);
      expect((await begin('alice', 'pop3')).candidates).to.have.length(1);
    });

    it('gives an unknown name a salt that is always the same, by whatever spelling', async () => {
      const [one, again, bare] = [
        await begin('nobody@localhost'),
        await begin('nobody@localhost'),
        await begin('Nobody'),
      ];
      expect(one).to.deep.include({ kind: 'keys', candidates: [] });
      expect(again).to.deep.equal(one);
      expect(bare).to.deep.equal(one);
      expect((await begin('somebody')).salt).to.not.deep.equal(one.salt);
      expect((await begin('alice')).salt).to.deep.equal((await begin('alice@localhost')).salt);
      expect((await begin('alice')).iterations).to.equal(one.iterations);
    });

    it('welcomes who proved a key, and counts and logs who did not', async () => {
      const keys = await begin('alice');
      expect(await authenticator.settle(attempt('alice'), await proved('secret', keys))).to.include({
        kind: 'welcome',
      });
      expect(await authenticator.settle(attempt('alice'), await proved('wrong', keys))).to.deep.equal({
        kind: 'wrong',
      });
      expect(await authenticator.settle(attempt('nobody'), undefined)).to.deep.equal({ kind: 'wrong' });
      expect(await authenticator.reject(attempt('alice'), 'the authorization identity is not the login')).to.deep.equal(
        { kind: 'wrong' },
      );
      expect(failures.map(({ reason }) => reason)).to.deep.equal([
        'wrong password',
        'unknown account',
        'the authorization identity is not the login',
      ]);
      expect(hashes).to.equal(0);
    });

    it('refuses what was revoked, changed or disabled between the two messages', async () => {
      const password = await addPhone();
      const keys = await begin('alice');
      const [main, phone] = [await proved('secret', keys), await proved(password, keys)];
      await other.directory.removeCredential(ALICE, 'phone');
      expect(await kindOf(authenticator.settle(attempt('alice'), phone))).to.equal('wrong');
      expect(await kindOf(authenticator.settle(attempt('alice'), main))).to.equal('welcome');
      await other.directory.setEnabled(ALICE, false);
      expect(await kindOf(authenticator.settle(attempt('alice'), main))).to.equal('wrong');
      expect((await begin('alice')).candidates).to.deep.equal([]);
      await other.directory.setEnabled(ALICE, true);
      const { hash, scram } = await secretsOf('other', await login('alice'));
      await other.directory.setPassword(ALICE, hash, scram);
      expect(await kindOf(authenticator.settle(attempt('alice'), main))).to.equal('wrong');
    });
  });

  describe('after too many failures', () => {
    /** As if another worker had seen them. */
    function failed(times: number, from = '192.0.2.1', address = 'alice@localhost'): SharedThrottle {
      const throttle = sharing(new LoginLimiter());
      for (let count = 0; count < times; count++)
        throttle.receive({ kind: 'login-failed', pair: { client: clientOf(from), login: address } });
      return throttle;
    }

    it('refuses without checking, also the right password, and says so in the log', async () => {
      const strict = make(store, failed(1000));
      const verdict = await check('alice', 'secret', {}, strict);
      expect(verdict).to.have.property('kind', 'refused');
      expect(verdict).to.have.property('retryAfterMs').that.is.above(60_000);
      expect(await strict.scramKeys(attempt('alice'))).to.have.property('kind', 'refused');
      expect(await strict.reject(attempt('alice'), 'x')).to.have.property('kind', 'refused');
      expect(hashes).to.equal(0);
      expect(failures).to.have.length(3);
      expect(failures[0]).to.include({ outcome: 'refused', reason: 'too many failures', account: 'alice@localhost' });
    });

    it('comes soon to who sends what no password can be', async () => {
      const strict = make(store, failed(rules.pair.refuse - 1));
      await Promise.all(Array.from({ length: 2 }, () => strict.reject(attempt('alice'), 'the password is not UTF-8')));
      expect(await kindOf(check('alice', 'secret', {}, strict))).to.equal('refused');
    });

    it('lets the owner in from elsewhere, and everybody else from there', async () => {
      const strict = make(store, failed(1000));
      expect(await kindOf(check('alice', 'secret', { from: '198.51.100.7' }, strict))).to.equal('welcome');
    });

    it('counts the addresses of an IPv6 /64 as one client', async () => {
      const strict = make(store, failed(1000, '2001:db8:0:1::1'));
      expect(await kindOf(check('alice', 'secret', { from: '2001:db8:0:1:ffff::2' }, strict))).to.equal('refused');
      expect(await kindOf(check('alice', 'secret', { from: '2001:db8:0:2::1' }, strict))).to.equal('welcome');
    });

    it('of strangers, never refuses a client that used the account before, even before this process began', async () => {
      const throttle = failed(0);
      for (let number = 0; number < 50; number++)
        for (let count = 0; count < 5; count++)
          throttle.receive({ kind: 'login-failed', pair: { client: `203.0.113.${number}`, login: 'alice@localhost' } });
      expect(await kindOf(check('alice', 'secret', {}, make(store, throttle)))).to.equal('refused');
      await check('alice', 'secret');
      await eventually('the use to be written', async () => (await store.findLogin('alice'))?.lastUsedFrom);
      expect(await kindOf(check('alice', 'secret', {}, make(store, throttle)))).to.equal('welcome');
      expect(await kindOf(check('alice', 'secret', { from: '198.51.100.7' }, make(store, throttle)))).to.equal(
        'refused',
      );
    });

    it('counts those who come together: no more are checked than one by one, on however many workers', async () => {
      const limiter = new LoginLimiter();
      const workers = [make(store, sharing(limiter)), make(other, sharing(limiter))];
      const guesses = Array.from({ length: 50 }, (_, count) => {
        const by = workers[count % 2] as Authenticator;
        return count % 3 === 0 ? by.settle(attempt('alice'), undefined) : check('alice', `guess ${count}`, {}, by);
      });
      const verdicts = await Promise.all(guesses);
      expect(verdicts.filter(({ kind }) => kind === 'wrong')).to.have.length(rules.pair.refuse);
      expect(verdicts.filter(({ kind }) => kind === 'refused')).to.have.length(50 - rules.pair.refuse);
      expect(await kindOf(check('alice', 'secret', {}, workers[0]))).to.equal('refused');
      expect(await kindOf(check('alice', 'secret', { from: '198.51.100.7' }, workers[1]))).to.equal('welcome');
    });

    it('lets fifty log in at once from one address, each to an account of its own, on two workers', async () => {
      const limiter = new LoginLimiter();
      const workers = [make(store, sharing(limiter)), make(store, sharing(limiter))];
      const names = Array.from({ length: 50 }, (_, number) => `user${number}`);
      const { hash } = await secretsOf('secret', await login('any'));
      for (const local of names) await store.directory.addAccount({ local, domain: 'localhost' }, hash);
      const kinds = await Promise.all(
        names.map((name, number) => kindOf(check(name, 'secret', {}, workers[number % 2] as Authenticator))),
      );
      expect(kinds.filter((kind) => kind !== 'welcome')).to.be.empty;
    });

    it('tells others of attempts by strangers and of wrong ones, of a success only when there is something to forgive', async () => {
      const told: string[] = [];
      const strict = make(
        store,
        sharing(new LoginLimiter(), (what) =>
          told.push(`${what.kind} ${'pair' in what ? what.pair.login : ''}`.trim()),
        ),
      );
      await check('alice', 'secret', {}, strict);
      for (let count = 0; count < 5; count++) await check('alice', 'secret', {}, strict);
      await check('Alice', 'wrong', {}, strict);
      await check('nobody', 'wrong', {}, strict);
      await check('alice', 'secret', {}, strict);
      await check('alice', 'secret', {}, strict);
      expect(told).to.deep.equal([
        'login-attempt alice@localhost',
        'login-settled',
        'login-attempt alice@localhost',
        'login-settled',
        'login-attempt nobody@localhost',
        'login-settled',
        'login-forgiven alice@localhost',
      ]);
    });
  });
});
