import { expect } from 'chai';
import { didYouMean, nearest } from '../../src/config/spelling.js';

describe('a guess at what was meant', () => {
  it('is the nearest name', () => {
    expect(nearest('acount', ['domain', 'account', 'alias'])).to.equal('account');
    expect(nearest('SMTP_PORT', ['pop3-port', 'smtp-port'])).to.equal('smtp-port');
    expect(nearest('smtpPort', ['pop3-port', 'smtp-port'])).to.equal('smtp-port');
  });

  it('is not made where nothing is near', () => {
    expect(nearest('frobnicate', ['domain', 'account', 'alias'])).to.equal(undefined);
    expect(didYouMean('x', [])).to.equal('');
  });
});
