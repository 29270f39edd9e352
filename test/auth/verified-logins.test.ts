import { expect } from 'chai';
import { VerifiedLogins } from '../../src/auth/verified-logins.js';

const NOW = 1_700_000_000_000;
const HOUR_MS = 60 * 60_000;
const login = { account: 1, hash: '$scrypt$x', password: 'secret' };

describe('verified logins', () => {
  it('know a login again, and none that differs in anything', () => {
    const verified = new VerifiedLogins();
    verified.add(login, NOW);
    expect(verified.includes(login, NOW)).to.equal(true);
    for (const other of [{ account: 2 }, { hash: '$scrypt$y' }, { password: 'Secret' }, { password: '' }])
      expect(verified.includes({ ...login, ...other }, NOW)).to.equal(false);
    expect(new VerifiedLogins().includes(login, NOW)).to.equal(false);
  });

  it('forget after an hour, used or not, and when the clock was set back', () => {
    const verified = new VerifiedLogins();
    verified.add(login, NOW);
    expect(verified.includes(login, NOW + HOUR_MS - 1)).to.equal(true);
    expect(verified.includes(login, NOW + HOUR_MS)).to.equal(false);
    expect(verified.size).to.equal(0);
    verified.add(login, NOW);
    expect(verified.includes(login, NOW - 1)).to.equal(false);
  });

  it('are bounded: the oldest goes first', () => {
    const verified = new VerifiedLogins();
    for (let account = 0; account <= 10_000; account++) verified.add({ ...login, account }, NOW);
    expect(verified.size).to.equal(10_000);
    expect(verified.includes({ ...login, account: 0 }, NOW)).to.equal(false);
    expect(verified.includes({ ...login, account: 10_000 }, NOW)).to.equal(true);
  });
});
