import { expect } from 'chai';
import fc from 'fast-check';
import { Listing } from '../../src/pop3/listing.js';
import type { MessageInfo } from '../../src/store/maildrops.js';
import { maildropOf } from '../support/maildrops.js';
import { piecesAtOnce } from '../support/sources.js';

const messages = [10, 20, 30].map((octets, at) => ({ id: 100 + at, uidl: `v.${100 + at}`, octets }));

describe('a listing', () => {
  it('finds messages by their number from 1', () => {
    const listing = new Listing(maildropOf(messages));
    expect(listing.find(1)).to.deep.equal({ ok: true, message: messages[0] });
    expect(listing.find(3)).to.deep.equal({ ok: true, message: messages[2] });
  });

  for (const number of [0, -1, 4, 1.5, Number.NaN, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER])
    it(`has no message ${number}`, () =>
      expect(new Listing(maildropOf(messages)).find(number)).to.deep.equal({ ok: false, because: 'noSuchMessage' }));

  it('keeps its numbers when some are marked', () => {
    const listing = new Listing(maildropOf(messages));
    listing.mark(2, messages[1] as MessageInfo);
    expect(listing.find(2)).to.deep.equal({ ok: false, because: 'marked' });
    expect(listing.find(3)).to.deep.equal({ ok: true, message: messages[2] });
    expect(
      piecesAtOnce(listing.pages())
        .flat()
        .map(([number]) => number),
    ).to.deep.equal([1, 3]);
    expect([listing.count, listing.octets]).to.deep.equal([2, 40]);
    expect([...listing.marked()]).to.deep.equal([[2, 2]]);
  });

  it('takes every mark back', () => {
    const listing = new Listing(maildropOf(messages));
    for (const number of [1, 2, 3]) listing.mark(number, messages[number - 1] as MessageInfo);
    expect([listing.count, listing.octets]).to.deep.equal([0, 0]);
    listing.unmarkAll();
    expect([listing.count, listing.octets]).to.deep.equal([3, 60]);
    expect([...listing.marked()]).to.deep.equal([]);
    expect(listing.find(1)).to.have.property('ok', true);
  });

  it('names what is marked in ranges that hold exactly that, in order', () => {
    const count = 100;
    const many = Array.from({ length: count }, (_, at) => ({ id: at + 1, uidl: `v.${at + 1}`, octets: 1 }));
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: count })), (marked) => {
        const listing = new Listing(maildropOf(many));
        for (const number of marked) listing.mark(number, many[number - 1] as MessageInfo);
        const ranges = [...listing.marked()];
        const named = ranges.flatMap(([first, last]) =>
          Array.from({ length: last - first + 1 }, (_, at) => first + at),
        );
        expect(named).to.deep.equal(marked.toSorted((one, other) => one - other));
        for (const [at, [first]] of ranges.entries())
          if (at > 0) expect(first).to.be.above((ranges[at - 1]?.[1] ?? 0) + 1);
        expect(listing.count).to.equal(count - marked.length);
      }),
    );
  });
});
