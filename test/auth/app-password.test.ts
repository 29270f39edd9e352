import { expect } from 'chai';
import { hashAppPassword, verifyAppPassword } from '../../src/auth/app-password.js';
import { verifyPassword } from '../../src/auth/password.js';

const HASH = /^\$hmac-sha256\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/;

describe('the hash of an app password', () => {
  it('is salted, and matches its password alone', () => {
    const hash = hashAppPassword('k7mw-hq3p-x9ta-d4re');
    expect(hash).to.match(HASH).and.not.equal(hashAppPassword('k7mw-hq3p-x9ta-d4re'));
    expect(verifyAppPassword('k7mw-hq3p-x9ta-d4re', hash)).to.equal(true);
    expect(verifyAppPassword('k7mw-hq3p-x9ta-d4rf', hash)).to.equal(false);
    expect(verifyAppPassword('', hash)).to.equal(false);
  });

  for (const malformed of ['', '$hmac-sha256$$', '$hmac-sha256$AAAA$AAAA', '$scrypt$ln=14,r=8,p=1$AAAA$AAAA'])
    it(`that is malformed matches nothing: ${malformed}`, () => {
      expect(verifyAppPassword('', malformed)).to.equal(false);
    });

  it('is none of a main password', async () => {
    expect(await verifyPassword('x', hashAppPassword('x'))).to.equal(false);
  });
});
