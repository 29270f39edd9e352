import { expect } from 'chai';
import { decoyHash, generatePassword, hashPassword, verifyPassword } from '../../src/auth/password.js';

const PHC = /^\$scrypt\$ln=14,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;

describe('a password hash', () => {
  it('is a PHC string that its password and no other matches', async () => {
    const hash = await hashPassword('correct horse');
    expect(hash).to.match(PHC);
    expect(await verifyPassword('correct horse', hash)).to.equal(true);
    expect(await verifyPassword('correct horse ', hash)).to.equal(false);
    expect(await verifyPassword('', hash)).to.equal(false);
  });

  it('is salted', async () => {
    expect(await hashPassword('same')).to.not.equal(await hashPassword('same'));
  });

  it('does not depend on how a keyboard composes letters', async () => {
    expect(await verifyPassword('na\u0069\u0308ve', await hashPassword('na\u00efve'))).to.equal(true);
  });

  it('of other parameters is read with them (RFC 7914 §12)', async () => {
    const salt = Buffer.from('SodiumChloride').toString('base64').replaceAll('=', '');
    const hash = Buffer.from('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2', 'hex')
      .toString('base64')
      .replaceAll('=', '');
    // Only a prefix of the 64 octets: PBKDF2's first block does not depend on how many are asked for.
    expect(await verifyPassword('pleaseletmein', `$scrypt$ln=14,r=8,p=1$${salt}$${hash}`)).to.equal(true);
  });

  const salt = 'A'.repeat(22);
  const sum = 'A'.repeat(43);
  for (const malformed of [
    '',
    'x',
    '{PLAIN}x',
    `$scrypt$ln=14,r=8,p=1$${salt}`,
    `$scrypt$ln=14,r=8,p=1$${salt}$`,
    `$scrypt$ln=14,r=8,p=1$${salt}$AAAA`,
    `$scrypt$ln=14,r=8,p=1$${salt}$${sum}$`,
    `$scrypt$ln=14,r=8,p=1$${salt}=$${sum}=`,
    `$scrypt$ln=0,r=8,p=1$${salt}$${sum}`,
    `$scrypt$ln=31,r=8,p=1$${salt}$${sum}`,
    `$scrypt$ln=14,r=99,p=1$${salt}$${sum}`,
    `$scrypt$ln=14,r=8,p=99$${salt}$${sum}`,
    `$scrypt$ln=14,r=8$${salt}$${sum}`,
    `$argon2id$v=19$m=65536,t=3,p=4$${salt}$${sum}`,
  ])
    it(`that is malformed matches nothing: ${malformed}`, async () => {
      expect(await verifyPassword('x', malformed)).to.equal(false);
    });

  it('at the highest cost allowed is still computed', async () => {
    expect(await verifyPassword('x', `$scrypt$ln=17,r=8,p=1$${salt}$${sum}`)).to.equal(false);
  }).timeout(10_000);
});

describe('the decoy', () => {
  it('has the shape and the cost of a real hash, and no password', async () => {
    expect(decoyHash).to.match(PHC);
    expect(await verifyPassword('', decoyHash)).to.equal(false);
  });
});

describe('a generated password', () => {
  it('is readable and never the same', () => {
    const some = Array.from({ length: 100 }, generatePassword);
    for (const password of some) expect(password).to.match(/^([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}$/);
    expect(new Set(some).size).to.equal(some.length);
  });
});
