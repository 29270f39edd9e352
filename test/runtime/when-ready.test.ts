/** What is there is used in the same turn, what comes later when it comes; a failure goes the way of its value. */
import { expect } from 'chai';
import { whenReady } from '../../src/runtime/when-ready.js';

const double = (value: number): number => 2 * value;

function fail(): never {
  throw new Error('as told');
}

describe('what is used when it is there', () => {
  it('is used at once when it is', () => expect(whenReady(21, double)).to.equal(42));

  it('is used later when it comes later', async () => {
    const later = whenReady(Promise.resolve(21), double);
    expect(later).to.be.a('promise');
    expect(await later).to.equal(42);
  });

  it('throws at once, or rejects later', async () => {
    expect(() => whenReady(1, fail)).to.throw('as told');
    const told = await Promise.resolve(whenReady(Promise.resolve(1), fail)).catch((error: unknown) => error);
    expect(told).to.be.an('error').with.property('message', 'as told');
    const gone = await Promise.resolve(whenReady(Promise.reject<number>(new Error('gone')), double)).catch(String);
    expect(gone).to.equal('Error: gone');
  });
});
