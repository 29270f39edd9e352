/** What goes along with a copy that is sent on (RFC 3461 §5.2.7). */
import { expect } from 'chai';
import { copiesFor } from '../../src/message/envelope.js';
import type { Recipient } from '../../src/message/recipient.js';
import type { Target } from '../../src/store/deliveries.js';

const COMMON = {
  ...{ reversePath: 'alice@example.org', client: undefined, protocol: 'ESMTPA', hostname: 'mx.example.org' },
  ...{ id: '1', atMs: 0 },
};
const remote = (address: string): Target => ({ kind: 'remote', address, destination: 'example.com' });
const copies = (recipient: Recipient) => [...copiesFor([recipient], COMMON).values()];

describe('a copy for another domain', () => {
  it('takes along what was asked of its reports', () => {
    const asked = { notify: ['success', 'delay'], originalRecipient: 'rfc822;B+2B@example.com' } as const;
    expect(copies({ text: 'b@example.com', targets: [remote('b@example.com')], ...asked })).to.deep.equal([
      { kind: 'remote', recipient: 'b@example.com', destination: 'example.com', ...asked },
    ]);
  });

  it('has nothing that nobody asked for', () => {
    expect(copies({ text: 'b@example.com', targets: [remote('b@example.com')] })).to.deep.equal([
      { kind: 'remote', recipient: 'b@example.com', destination: 'example.com' },
    ]);
  });

  it('of an alias keeps the name that the sender knows', () => {
    const [copy] = copies({ text: 'sales+x@example.org', targets: [remote('b@example.com')], notify: ['success'] });
    expect(copy).to.include({ originalRecipient: 'rfc822;sales+2Bx@example.org' });
    expect(copy).to.have.deep.property('notify', ['success']);
  });

  it('of an alias of several reports no success: that they were reached is told once, here', () => {
    const targets = [remote('b@example.com'), remote('c@example.com')];
    const all = copies({ text: 'staff@example.org', targets, notify: ['success', 'failure'] });
    expect(all.map((copy) => copy.kind === 'remote' && copy.notify)).to.deep.equal([['failure'], ['failure']]);
    const none = copies({ text: 'staff@example.org', targets, notify: ['success'] });
    expect(none.map((copy) => copy.kind === 'remote' && copy.notify)).to.deep.equal([['never'], ['never']]);
  });
});
