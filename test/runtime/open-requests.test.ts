import { expect } from 'chai';
import fc from 'fast-check';
import { OpenRequests } from '../../src/runtime/open-requests.js';

describe('open requests', () => {
  it('are what a Map of them would be, whatever the order of answers and however many there are', () => {
    const steps = fc.array(fc.oneof(fc.constant('add' as const), fc.nat()), { maxLength: 3000 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffff_0000 }), steps, (first, acts) => {
        const [requests, model] = [new OpenRequests<string>(), new Map<number, string>()];
        let next = first;
        for (const act of acts) {
          if (act === 'add') {
            requests.add(next, `request ${next}`);
            model.set(next, `request ${next}`);
            next += 1 + (next % 3); // Uploads have numbers too.
          } else {
            const [taken = 0] = [...model.keys()].slice(act % (model.size + 1));
            expect(requests.take(taken)).to.equal(model.get(taken));
            model.delete(taken);
          }
          expect(requests.oldest).to.equal([...model.values()][0]);
        }
        expect([...requests.takeAll()].sort()).to.deep.equal([...model.values()].sort());
        expect(requests.oldest).to.equal(undefined);
      }),
      { numRuns: 200 },
    );
  });

  it('grow when one stays open while thousands come and go', () => {
    const requests = new OpenRequests<number>();
    requests.add(1, 1);
    for (let request = 2; request < 5000; request++) {
      requests.add(request, request);
      if (request % 2 === 0) expect(requests.take(request)).to.equal(request);
    }
    expect(requests.oldest).to.equal(1);
    expect(requests.take(1)).to.equal(1);
    expect(requests.oldest).to.equal(3);
    expect(requests.take(4)).to.equal(undefined);
  });

  it('begin again at 1 behind the last number', () => {
    const requests = new OpenRequests<string>();
    for (const request of [0xffff_fffe, 0xffff_ffff, 1, 2]) requests.add(request, String(request));
    expect(requests.take(0xffff_fffe)).to.equal('4294967294');
    expect(requests.oldest).to.equal('4294967295');
    expect(requests.take(0xffff_ffff)).to.equal('4294967295');
    expect(requests.oldest).to.equal('1');
  });
});
