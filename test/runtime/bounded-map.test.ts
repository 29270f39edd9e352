/** What is full forgets the oldest, and what was renewed last is kept longest. */
import { expect } from 'chai';
import { BoundedMap } from '../../src/runtime/bounded-map.js';

function filled(limit: number, count: number): BoundedMap<number, string> {
  const map = new BoundedMap<number, string>(limit);
  for (let key = 0; key < count; key++) map.set(key, `of ${key}`);
  return map;
}

describe('a bounded map', () => {
  it('holds no more than its limit, and forgets the oldest first', () => {
    expect([...filled(3, 3).keys()]).to.deep.equal([0, 1, 2]);
    expect([...filled(3, 10)]).to.deep.equal([
      [7, 'of 7'],
      [8, 'of 8'],
      [9, 'of 9'],
    ]);
  });

  it('leaves what is set again in its place', () => {
    const map = filled(3, 3);
    map.set(0, 'again');
    map.set(3, 'of 3');
    expect([...map.keys()]).to.deep.equal([1, 2, 3]);
  });

  it('keeps what is renewed, at its limit too', () => {
    const map = filled(3, 3);
    map.renew(0, 'renewed');
    expect([...map.keys()]).to.deep.equal([1, 2, 0]);
    map.renew(3, 'new');
    expect([...map]).to.deep.equal([
      [2, 'of 2'],
      [0, 'renewed'],
      [3, 'new'],
    ]);
  });
});
