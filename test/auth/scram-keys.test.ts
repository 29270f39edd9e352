import { createHash, createHmac } from 'node:crypto';
import { expect } from 'chai';
import { makeScramKeys, readScramKeys, SCRAM_ITERATIONS, scramParameters } from '../../src/auth/scram-keys.js';

const SECRET = Buffer.alloc(32, 7);
/** RFC 7677 §3. */
const EXAMPLE = { salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), iterations: 4096 };
const NONCE = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const AUTH_MESSAGE = [
  'n=user,r=rOprNGfwEbeRWgbNEkqO',
  `r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
  `c=biws,r=${NONCE}`,
].join();

describe('SCRAM keys', () => {
  it('verify the proof of RFC 7677, and sign as its server does', async () => {
    const keys = readScramKeys(await makeScramKeys('pencil', EXAMPLE), EXAMPLE);
    if (keys === undefined) throw new Error('they were to be read');
    const signature = createHmac('sha256', keys.storedKey).update(AUTH_MESSAGE).digest();
    const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
    const clientKey = proof.map((octet, at) => octet ^ (signature[at] as number));
    expect(createHash('sha256').update(clientKey).digest()).to.deep.equal(keys.storedKey);
    expect(createHmac('sha256', keys.serverKey).update(AUTH_MESSAGE).digest('base64')).to.equal(
      '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    );
  });

  it('are kept as RFC 5803 writes them', async () => {
    expect(await makeScramKeys('pencil', EXAMPLE)).to.match(
      /^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/,
    );
  });

  it('are the same however a keyboard composed the password', async () => {
    expect(await makeScramKeys('nai\u0308ve\u00ad', EXAMPLE)).to.equal(await makeScramKeys('na\u00efve', EXAMPLE));
  });

  it('have a salt that is always the same for an address, and says nothing without the secret', () => {
    const one = scramParameters(SECRET, 'alice@example.org');
    expect(one).to.deep.equal(scramParameters(SECRET, 'alice@example.org'));
    expect(one.salt).to.have.length(16);
    expect(one.iterations).to.equal(SCRAM_ITERATIONS);
    expect(scramParameters(SECRET, 'bob@example.org').salt).to.not.deep.equal(one.salt);
    expect(scramParameters(Buffer.alloc(32, 8), 'alice@example.org').salt).to.not.deep.equal(one.salt);
  });

  it('of another salt or count do not fit', async () => {
    const text = await makeScramKeys('pencil', EXAMPLE);
    expect(readScramKeys(text, { ...EXAMPLE, iterations: 4097 })).to.equal(undefined);
    expect(readScramKeys(text, { ...EXAMPLE, salt: Buffer.alloc(16) })).to.equal(undefined);
  });

  const salt = EXAMPLE.salt.toString('base64');
  const key = Buffer.alloc(32).toString('base64');
  for (const malformed of [
    undefined,
    '',
    'x',
    `SCRAM-SHA-1$4096:${salt}$${key}:${key}`,
    `SCRAM-SHA-256$4096:${salt}$${key}`,
    `SCRAM-SHA-256$4096:${salt}$${key}:`,
    `SCRAM-SHA-256$4096:${salt}$AAAA:${key}`,
    `SCRAM-SHA-256$4096:${salt}$${key}:AAAA`,
    `SCRAM-SHA-256$4096:${salt}$${key}:${key}x y`,
  ])
    it(`that are malformed are none: ${malformed}`, () => {
      expect(readScramKeys(malformed, EXAMPLE)).to.equal(undefined);
    });
});
