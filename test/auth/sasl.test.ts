/**
 * The SASL mechanisms on a real store and the real authenticator: who gets in, and that nobody else does, whatever is
 * sent. The RFC's own example goes through SCRAM with the RFC's keys and nonce.
 */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { fromBase64 } from '../../src/auth/base64.js';
import type { LoginCheck, LoginFailure } from '../../src/auth/login.js';
import type { Exchange, Mechanism, Step } from '../../src/auth/mechanism.js';
import { login } from '../../src/auth/mechanisms/login.js';
import { plain } from '../../src/auth/mechanisms/plain.js';
import { scram, scramSha256, scramSha256Plus } from '../../src/auth/mechanisms/scram.js';
import { secretsOf } from '../../src/auth/secrets.js';
import { authenticatorOf } from '../support/authenticator.js';
import { addressOf, Stage } from '../support/dialogue-stage.js';
import { ScramClient } from '../support/scram-client.js';

const BINDING = Buffer.alloc(32, 'b');
const ADDRESS = 'alice@example.org';
const RUNS = 2_000;
/** Each may cost a hash. */
const HASHED_RUNS = 200;

describe('SASL', () => {
  let stage: Stage;
  const failures: LoginFailure[] = [];

  before(async () => {
    const given = { kind: 'account', password: 'secret', messages: [] } as const;
    stage = await Stage.set([
      { ...given, name: 'alice' },
      { ...given, name: 'carol' },
    ]);
    await setPassword('secret');
  });
  after(() => stage.close());
  beforeEach(() => failures.splice(0));

  async function setPassword(password: string): Promise<void> {
    const saltSecret = await stage.store.saltSecret();
    const { hash, scram: keys } = await secretsOf(password, { address: ADDRESS, saltSecret });
    await stage.store.directory.setPassword(addressOf('alice'), hash, keys);
  }

  /** `bindings`: each is a tls-exporter of the connection; without, it has no TLS. */
  function exchangeOf(mechanism: Mechanism, ...bindings: readonly Buffer[]): Exchange {
    const who = {
      scope: 'smtp',
      mechanism: mechanism.name,
      ...{ session: 's1', protocol: 'smtp' },
      peer: { origin: 'network', address: '192.0.2.7' },
    } as const;
    const channelBindings = (type: string) => (type === 'tls-exporter' ? bindings : []);
    const security = bindings.length === 0 ? undefined : { channelBindings };
    return { logins: authenticatorOf(stage.store, failures), store: stage.store, who, security };
  }

  /** One message after the other, for as long as the mechanism asks. */
  async function play(
    mechanism: Mechanism,
    messages: readonly ((challenge: Buffer) => Buffer)[],
    exchange = exchangeOf(mechanism),
  ): Promise<Step> {
    let step = await mechanism.begin(undefined, exchange);
    for (const message of messages) {
      if (step.kind !== 'challenge') return step;
      step = await step.answered(message(step.octets));
    }
    return step;
  }

  const bytes = (text: string) => () => Buffer.from(text);
  const nothing = () => Buffer.alloc(0);
  const messagesOf = (client: ScramClient) => [() => client.first, (challenge: Buffer) => client.final(challenge)];
  const reasons = () => failures.map(({ reason }) => reason);

  describe('PLAIN and LOGIN', () => {
    it('let in who knows the password', async () => {
      for (const name of ['alice', 'Alice@EXAMPLE.org']) {
        expect(await play(plain, [bytes(`\0${name}\0secret`)])).to.include({ kind: 'welcome' });
        expect(await play(login, [bytes(name), bytes('secret')])).to.include({ kind: 'welcome' });
      }
      expect(await play(plain, [bytes(`\0alice\0Secret`)])).to.deep.equal({ kind: 'wrong' });
      expect(await play(login, [bytes('alice'), bytes('secret ')])).to.deep.equal({ kind: 'wrong' });
    });

    it('compare passwords as SASLprep does, and SCRAM does the same', async () => {
      await setPassword('I\u00adX \u00e9');
      for (const typed of ['IX e\u0301', '\u2168 \u00e9', 'IX\u00a0\u00e9'])
        expect(await play(plain, [bytes(`\0alice\0${typed}`)]), typed).to.include({ kind: 'welcome' });
      const client = new ScramClient({ name: 'alice', password: 'IX \u00e9' });
      expect(await play(scramSha256, [...messagesOf(client), nothing])).to.include({ kind: 'welcome' });
      await setPassword('secret');
    });

    it('count and name what is no attempt at a password', async () => {
      expect(await play(plain, [bytes('bob\0alice\0secret')])).to.deep.equal({ kind: 'wrong' });
      expect(reasons()).to.deep.equal(['authzid is not the login']);
    });

    it('take a password that is not UTF-8 for a wrong one, and a name that is not for one in Latin-1', async () => {
      const latin1 = (text: string) => () => Buffer.from(text, 'latin1');
      expect(await play(plain, [latin1('\0alice\0s\xe9same')])).to.deep.equal({ kind: 'wrong' });
      expect(await play(login, [latin1('alice'), latin1('s\xe9same')])).to.deep.equal({ kind: 'wrong' });
      expect(await play(plain, [latin1('\0al\xefce\0secret')])).to.deep.equal({ kind: 'wrong' });
      expect(await play(plain, [latin1('alice\0alice\0\xff')])).to.deep.equal({ kind: 'wrong' });
      const notText = 'the password is not UTF-8';
      expect(reasons()).to.deep.equal([notText, notText, 'unknown account', notText]);
    });

    it('take nothing else, and break at nothing', async () => {
      const right = /^\s*(carol\s*)?\0\s*carol\s*\0secret$/i;
      await fc.assert(
        fc.asyncProperty(mangled(Buffer.from('\0carol\0secret')), async (message) => {
          const { kind } = await play(plain, [() => message]);
          expect(kind === 'welcome').to.equal(right.test(message.toString('latin1')) && message.includes('secret'));
        }),
        { numRuns: HASHED_RUNS },
      );
    });
  });

  describe('SCRAM-SHA-256', () => {
    it("goes through the RFC's example (RFC 7677 §3)", async () => {
      const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
      const salted = pbkdf2Sync('pencil', salt, 4096, 32, 'sha256');
      const mac = (text: string) => createHmac('sha256', salted).update(text).digest();
      const storedKey = createHash('sha256').update(mac('Client Key')).digest();
      const candidate = { storedKey, serverKey: mac('Server Key'), credential: undefined };
      const real = exchangeOf(scramSha256);
      const account = (await stage.store.findLogin('alice')) ?? expect.fail('alice is there');
      const logins: LoginCheck = {
        check: () => expect.fail('nobody sends a password'),
        scramKeys: ({ name }) => {
          expect(name).to.equal('user');
          return Promise.resolve({ kind: 'keys', salt, iterations: 4096, candidates: [candidate] });
        },
        settle: (_, proved) => Promise.resolve(proved === candidate ? { kind: 'welcome', account } : { kind: 'wrong' }),
        reject: (_, reason) => expect.fail(reason),
        unbound: ({ reason }) => expect.fail(reason),
      };
      const ofTheRfc = scram('SCRAM-SHA-256', 'nothing', () => '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0');
      const said: string[] = [];
      const hear = (text: string) => (challenge: Buffer) => {
        said.push(challenge.toString());
        return Buffer.from(text);
      };
      const end = await play(
        ofTheRfc,
        [
          hear('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'),
          hear(
            'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
          ),
          hear(''),
        ],
        { ...real, logins },
      );
      expect(end.kind).to.equal('welcome');
      expect(said).to.deep.equal([
        '',
        'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
        'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
      ]);
    });

    it('proves each side to the other', async () => {
      const client = new ScramClient({ name: 'alice', password: 'secret' });
      const step = await play(scramSha256, messagesOf(client));
      expect(step.kind === 'challenge' && step.octets.toString()).to.equal(client.expected);
      expect(step.kind === 'challenge' && (await step.answered(Buffer.alloc(0)))).to.include({ kind: 'welcome' });
      expect(step.kind === 'challenge' && (await step.answered(Buffer.from('x')))).to.include({ kind: 'malformed' });
    });

    it('says nothing to who does not know the password, or whom nobody knows', async () => {
      for (const [name, password] of [
        ['alice', 'Secret'],
        ['nobody', 'secret'],
      ] as const)
        expect(await play(scramSha256, messagesOf(new ScramClient({ name, password })))).to.deep.equal({
          kind: 'wrong',
        });
      expect(reasons()).to.deep.equal(['wrong password', 'unknown account']);
    });

    it('asks an unknown name with the same salt each time, and a known one alike', async () => {
      const asked = async (name: string) => {
        const step = await play(scramSha256, [() => new ScramClient({ name, password: 'x' }).first]);
        return step.kind === 'challenge' ? step.octets.toString().replace(/^r=[^,]+/, '') : step.kind;
      };
      expect(await asked('nobody')).to.equal(await asked('Nobody@example.org'));
      expect(await asked('nobody')).to.match(/^,s=[A-Za-z0-9+/]{22}==,i=65536$/);
      expect(await asked('alice')).to.match(/^,s=[A-Za-z0-9+/]{22}==,i=65536$/);
      expect(await asked('nobody')).to.not.equal(await asked('alice'));
    });

    it('takes nothing that was said before', async () => {
      const client = new ScramClient({ name: 'alice', password: 'secret' });
      let final: Buffer = Buffer.alloc(0);
      const recorded = (challenge: Buffer) => (final = client.final(challenge));
      expect(await play(scramSha256, [() => client.first, recorded, nothing])).to.include({ kind: 'welcome' });
      expect(await play(scramSha256, [() => client.first, () => final])).to.deep.equal({ kind: 'wrong' });
      // With the new nonce in place of the old one the signature is not right any more.
      const renewed = (challenge: Buffer) =>
        Buffer.from(final.toString().replace(/r=[^,]+/, /r=[^,]+/.exec(challenge.toString())?.[0] ?? ''));
      expect(await play(scramSha256, [() => client.first, renewed])).to.deep.equal({ kind: 'wrong' });
    });

    it('does not let in with a password that was changed between its two messages', async () => {
      const client = new ScramClient({ name: 'alice', password: 'secret' });
      const step = await play(scramSha256, [() => client.first]);
      await setPassword('another');
      expect(step.kind === 'challenge' && (await step.answered(client.final(step.octets)))).to.deep.equal({
        kind: 'wrong',
      });
      await setPassword('secret');
    });

    it('takes no message that is not exactly its own', async () => {
      const client = new ScramClient({ name: 'alice', password: 'secret' });
      const nonce = /r=(.*)$/.exec(client.first.toString())?.[1] ?? '';
      // The signature of one exchange, and everything else of it but for what is mangled.
      await fc.assert(
        fc.asyncProperty(mangled(Buffer.from(`n,,n=alice,r=${nonce}`)), fc.nat(), async (first, at) => {
          const step = await play(scramSha256, [() => first]);
          if (step.kind !== 'challenge') return;
          const final = client.final(step.octets);
          if (!first.equals(client.first)) expect(await step.answered(final)).to.deep.equal({ kind: 'wrong' });
          else expect(await step.answered(changedAt(final, at))).to.deep.equal({ kind: 'wrong' });
        }),
        { numRuns: 200 },
      );
      const step = await play(scramSha256, [() => client.first]);
      if (step.kind !== 'challenge') return expect.fail(step.kind);
      const final = client.final(step.octets);
      await fc.assert(
        fc.asyncProperty(mangled(final), async (message) => {
          const { kind } = await step.answered(message);
          expect(kind).to.equal(message.equals(final) ? 'challenge' : 'wrong');
        }),
        { numRuns: RUNS },
      );
    }).timeout(120_000);
  });

  describe('SCRAM-SHA-256-PLUS', () => {
    const bound = (binding: Buffer, header = 'p=tls-exporter,,') =>
      new ScramClient({ name: 'alice', password: 'secret', header, binding });

    it('lets in on the connection that the client sees', async () => {
      const end = await play(
        scramSha256Plus,
        [...messagesOf(bound(BINDING)), nothing],
        exchangeOf(scramSha256Plus, BINDING),
      );
      expect(end.kind).to.equal('welcome');
    });

    it('lets in by each of several, where it cannot be known which the client sees', async () => {
      for (const bindings of [
        [BINDING, Buffer.alloc(48)],
        [Buffer.alloc(48), BINDING],
      ]) {
        const exchange = exchangeOf(scramSha256Plus, ...bindings);
        expect(await play(scramSha256Plus, [...messagesOf(bound(BINDING)), nothing], exchange)).to.include({
          kind: 'welcome',
        });
      }
    });

    it('does not on another, nor without or with other data', async () => {
      for (const data of [
        Buffer.alloc(32, 'c'),
        Buffer.alloc(0),
        BINDING.subarray(1),
        Buffer.concat([BINDING, BINDING]),
      ])
        expect(
          await play(scramSha256Plus, messagesOf(bound(data)), exchangeOf(scramSha256Plus, BINDING)),
        ).to.deep.equal({ kind: 'wrong' });
      expect(new Set(reasons())).to.deep.equal(new Set(['channel binding does not match']));
    });

    it('is not to be talked down, and what was not looked at counts as nothing', async () => {
      for (const [mechanism, header, hidden] of [
        [scramSha256, 'y,,', true],
        [scramSha256, 'p=tls-exporter,,', false],
        [scramSha256Plus, 'n,,', false],
        [scramSha256Plus, 'y,,', false],
        [scramSha256Plus, 'p=tls-unique,,', false],
        [scramSha256Plus, 'p=tls-server-end-point,,', false],
        [scramSha256Plus, 'p=tls-of-tomorrow,,', false],
      ] as const) {
        const first = () => bound(BINDING, header).first;
        const end = await play(mechanism, [first], exchangeOf(mechanism, BINDING));
        expect(end, header).to.deep.equal({ kind: 'unbound', hidden });
      }
      expect(reasons()).to.deep.equal([]);
      const client = new ScramClient({ name: 'alice', password: 'secret', header: 'n,,' });
      expect(await play(scramSha256, [...messagesOf(client), nothing], exchangeOf(scramSha256, BINDING))).to.include({
        kind: 'welcome',
      });
    });

    it('compares what the client bound to with what it said first', async () => {
      const client = new ScramClient({ name: 'alice', password: 'secret', header: 'y,,' });
      const first = () => Buffer.from(client.first.toString().replace(/^y/, 'n'));
      expect(await play(scramSha256, [first, (challenge) => client.final(challenge)])).to.deep.equal({ kind: 'wrong' });
    });
  });

  it('reads base64 of one spelling only', () => {
    for (const text of ['', 'AA==', 'AAA=', 'AAAA']) expect(fromBase64(text)?.toString('base64')).to.equal(text);
    for (const text of ['A', 'AA', 'AAA', 'AB==', 'AAB=', '=', 'AA==AA==', 'AA-_', 'AA==\n', ' AA=='])
      expect(fromBase64(text), text).to.equal(undefined);
  });
});

/** The message itself, or with an octet changed, inserted or left out, or cut off, or any octets at all. */
function mangled(message: Buffer): fc.Arbitrary<Buffer> {
  const at = fc.nat(message.length);
  const octet = fc.oneof(fc.constantFrom(0, 44, 61, 32), fc.nat(255));
  return fc.oneof(
    fc.constant(message),
    fc.tuple(at, octet).map(([from, value]) => splice(message, from, 1, [value])),
    fc.tuple(at, octet).map(([from, value]) => splice(message, from, 0, [value])),
    fc.tuple(at, fc.integer({ min: 1, max: 4 })).map(([from, count]) => splice(message, from, count, [])),
    at.map((to) => message.subarray(0, to)),
    fc.tuple(at, at).map(([from, to]) => Buffer.concat([message, message.subarray(from, to)])),
    fc.uint8Array({ maxLength: 80 }).map((octets) => Buffer.from(octets)),
  );
}

function splice(message: Buffer, from: number, count: number, values: readonly number[]): Buffer {
  return Buffer.concat([message.subarray(0, from), Buffer.from(values), message.subarray(from + count)]);
}

function changedAt(message: Buffer, at: number): Buffer {
  const changed = Buffer.from(message);
  changed[at % changed.length] = (changed[at % changed.length] as number) ^ 1;
  return changed;
}
