/** When a next hop that takes no mail is a problem, and what is said of it. */
import { expect } from 'chai';
import { parseRelayUrl } from '../../src/outbound/client/relay-url.js';
import { Hop } from '../../src/outbound/hop.js';
import { hopProblems } from '../../src/outbound/hop-problems.js';
import type { Reply } from '../../src/store/queue.js';

const LIMITS = { first: 5, most: 20, failures: 3, firstProbe: 200, longestProbe: 400 };
const MINUTE_MS = 60_000;

describe('a next hop that takes no mail', () => {
  const hopAt = (url: string): Hop => new Hop(parseRelayUrl(url).nextHop, LIMITS);

  function said(failure: Reply, afterMs = 0, hop = hopAt('smtp://relay.example.org')): string | undefined {
    hop.failed(failure, performance.now());
    return hopProblems([hop], Date.now() + afterMs)[0]?.sentence;
  }

  const atOnce: readonly (readonly [what: string, failure: Reply, advice: RegExp])[] = [
    ['a password', { command: 'AUTH', code: 535, enhanced: '5.7.8', text: 'Bad credentials' }, /relay-password-file/],
    ['a mechanism', { command: 'AUTH', code: 534, enhanced: '5.7.9', text: 'Too weak' }, /relay-password-file/],
    ['a certificate', { command: 'TLS', enhanced: '4.7.5', text: 'the certificate has expired' }, /\?tls-name=/],
    ['no TLS', { command: 'STARTTLS', enhanced: '4.7.4', text: 'no STARTTLS here' }, /smtps:/],
  ];
  for (const [what, failure, advice] of atOnce)
    it(`is a problem at once for ${what}, with its last words and what to do`, () => {
      const sentence = said(failure);
      expect(sentence).to.match(/^the next hop relay\.example\.org port 587 has taken no mail since \d{4}-.*Z: /);
      expect(sentence).to.include(failure.text);
      expect(sentence?.split('; ').at(-1)).to.match(advice);
    });

  const lasting: readonly (readonly [what: string, failure: Reply, advice: RegExp])[] = [
    ['refuses connections', { command: 'connect', enhanced: '4.4.1', text: 'refused' }, /host and port/],
    ['has a name that is not found', { command: 'connect', enhanced: '4.4.4', text: 'no host' }, /DNS/],
    ['is busy', { command: 'greeting', code: 421, enhanced: '4.3.2', text: 'busy' }, /its operator knows/],
    ['cannot look a password up', { command: 'AUTH', code: 454, enhanced: '4.7.0', text: 'later' }, /the user/],
  ];
  for (const [what, failure, advice] of lasting)
    it(`is none for a few minutes when it ${what}, and then is one`, () => {
      expect(said(failure, 2 * MINUTE_MS)).to.equal(undefined);
      expect(said(failure, 4 * MINUTE_MS))
        .to.include(failure.text)
        .and.match(advice);
    });

  it('says since when it has been so, and its last words', () => {
    const hop = hopAt('lmtp:/run/lmtp.sock');
    said({ command: 'connect', enhanced: '4.4.1', text: 'refused' }, 0, hop);
    const since = hop.failingSinceMs;
    const sentence = said({ command: 'LHLO', code: 451, enhanced: '4.3.0', text: 'not now' }, 4 * MINUTE_MS, hop);
    expect(sentence).to.match(/^the LMTP socket \/run\/lmtp\.sock has .*: 451 4\.3\.0 not now \(answer to LHLO\); /);
    expect(hop.failingSinceMs).to.equal(since);
  });

  it('is none any more when it has taken something, and none for want of a token, which is told elsewhere', () => {
    const failure: Reply = { command: 'AUTH', code: 535, text: 'Bad credentials' };
    const hop = hopAt('smtp://relay.example.org');
    expect(said(failure, 0, hop)).to.be.a('string');
    hop.succeeded();
    expect(hopProblems([hop], Date.now() + 10 * MINUTE_MS)).to.deep.equal([]);
    hop.stop({ command: 'AUTH', text: 'no token' }, performance.now());
    expect(hopProblems([hop], Date.now() + 10 * MINUTE_MS)).to.deep.equal([]);
  });
});
