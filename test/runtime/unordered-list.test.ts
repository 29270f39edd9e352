import { expect } from 'chai';
import fc from 'fast-check';
import { UnorderedList } from '../../src/runtime/unordered-list.js';

describe('an unordered list', () => {
  it('holds who came and did not leave, each once', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant('come' as const), fc.nat())), (acts) => {
        const list = new UnorderedList<number>();
        const there = new Map<number, ReturnType<typeof list.add>>();
        for (const [at, act] of acts.entries()) {
          if (act === 'come') there.set(at, list.add(at));
          else {
            const [leaving] = [...there].slice(act % (there.size + 1));
            if (leaving === undefined) continue;
            list.remove(leaving[1]);
            there.delete(leaving[0]);
          }
          expect(list.count).to.equal(there.size);
          expect([...list.all()].sort((a, b) => a - b)).to.deep.equal([...there.keys()]);
        }
      }),
    );
  });

  it('may be left by those who are asked', () => {
    const list = new UnorderedList<() => void>();
    let asked = 0;
    for (let count = 0; count < 10; count++) {
      const entry = list.add(() => {
        asked += 1;
        list.remove(entry);
      });
    }
    for (const leave of list.all()) leave();
    expect([asked, list.count]).to.deep.equal([10, 0]);
  });
});
