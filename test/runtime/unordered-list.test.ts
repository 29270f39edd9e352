import { expect } from 'chai';
import fc from 'fast-check';
import { UnorderedList } from '../../src/runtime/unordered-list.js';

describe('a roster', () => {
  it('holds who came and did not leave, each once', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant('come' as const), fc.nat())), (acts) => {
        const roster = new UnorderedList<number>();
        const there = new Map<number, ReturnType<typeof roster.add>>();
        for (const [at, act] of acts.entries()) {
          if (act === 'come') there.set(at, roster.add(at));
          else {
            const [leaving] = [...there].slice(act % (there.size + 1));
            if (leaving === undefined) continue;
            roster.remove(leaving[1]);
            there.delete(leaving[0]);
          }
          expect(roster.count).to.equal(there.size);
          expect([...roster.all()].sort((a, b) => a - b)).to.deep.equal([...there.keys()]);
        }
      }),
    );
  });

  it('may be left by those who are asked', () => {
    const roster = new UnorderedList<() => void>();
    let asked = 0;
    for (let count = 0; count < 10; count++) {
      const entry = roster.add(() => {
        asked += 1;
        roster.remove(entry);
      });
    }
    for (const leave of roster.all()) leave();
    expect([asked, roster.count]).to.deep.equal([10, 0]);
  });
});
