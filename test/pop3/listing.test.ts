import { expect } from 'chai';
import { Listing } from '../../src/pop3/listing.js';

const messages = [10, 20, 30].map((octets, at) => ({ id: 100 + at, uidl: `v.${100 + at}`, octets }));

describe('a listing', () => {
  it('finds messages by their number from 1', () => {
    const listing = new Listing(messages);
    expect(listing.find(1)).to.deep.equal({ ok: true, message: messages[0] });
    expect(listing.find(3)).to.deep.equal({ ok: true, message: messages[2] });
  });

  for (const number of [0, -1, 4, 1.5, Number.NaN, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER])
    it(`has no message ${number}`, () =>
      expect(new Listing(messages).find(number)).to.deep.equal({ ok: false, because: 'noSuchMessage' }));

  it('keeps its numbers when some are marked', () => {
    const listing = new Listing(messages);
    listing.mark(2);
    expect(listing.find(2)).to.deep.equal({ ok: false, because: 'marked' });
    expect(listing.find(3)).to.deep.equal({ ok: true, message: messages[2] });
    expect([...listing.entries()].map(([number]) => number)).to.deep.equal([1, 3]);
    expect([listing.count, listing.octets]).to.deep.equal([2, 40]);
    expect(listing.markedIds).to.deep.equal([101]);
  });

  it('takes every mark back', () => {
    const listing = new Listing(messages);
    for (const number of [1, 2, 3]) listing.mark(number);
    expect([listing.count, listing.octets]).to.deep.equal([0, 0]);
    listing.unmarkAll();
    expect([listing.count, listing.octets]).to.deep.equal([3, 60]);
    expect(listing.markedIds).to.deep.equal([]);
    expect(listing.find(1).ok).to.equal(true);
  });
});
