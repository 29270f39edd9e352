/** The rules by which failed logins slow down further ones: examples, and what holds whatever happens. */
import { expect } from 'chai';
import fc from 'fast-check';
import { LEAK_MS, rules, SHARE, Throttle, type Pair } from '../../src/auth/throttle.js';

const NOW = 1_700_000_000_000;
const HOUR_MS = 60 * 60_000;
const alice = { client: '192.0.2.1', login: 'alice@example.org' };
const elsewhere = { ...alice, client: '198.51.100.7' };

function failing(pairs: readonly Pair[], nowMs = NOW): Throttle {
  const throttle = new Throttle();
  for (const pair of pairs) throttle.failed(pair, nowMs);
  return throttle;
}

function times(count: number, pair: Pair): readonly Pair[] {
  return Array.from({ length: count }, () => pair);
}

/** As many clients as that, each failing as often as counts for the login. */
function strangers(count: number): readonly Pair[] {
  return Array.from({ length: count }, (_, number) => times(SHARE, { ...alice, client: `203.0.113.${number}` })).flat();
}

describe('the throttle of logins', () => {
  it('lets the first failures pass, then waits longer and longer, then refuses', () => {
    const delays = Array.from({ length: rules.pair.refuse }, (_, count) =>
      failing(times(count, alice)).admit(alice, false, NOW),
    );
    expect(delays.map((admission) => admission.kind === 'admitted' && admission.delayMs)).to.deep.equal([
      0, 0, 0, 1000, 2000, 4000, 8000, 8000, 8000, 8000,
    ]);
    expect(failing(times(10, alice)).admit(alice, false, NOW)).to.deep.equal({
      kind: 'refused',
      retryAfterMs: LEAK_MS,
    });
    expect(failing(times(12, alice)).admit(alice, true, NOW)).to.deep.equal({
      kind: 'refused',
      retryAfterMs: 3 * LEAK_MS,
    });
  });

  it('forgives with time: after the time that it says, one more is admitted', () => {
    const throttle = failing(times(20, alice));
    const refused = throttle.admit(alice, false, NOW);
    if (refused.kind !== 'refused') throw new Error('it was to refuse');
    expect(throttle.admit(alice, false, NOW + refused.retryAfterMs - 1).kind).to.equal('refused');
    expect(throttle.admit(alice, false, NOW + refused.retryAfterMs).kind).to.equal('admitted');
    expect(throttle.admit(alice, false, NOW + 21 * LEAK_MS)).to.deep.equal({ kind: 'admitted', delayMs: 0 });
  });

  it('refuses a client that tries many logins', () => {
    const throttle = failing(Array.from({ length: 30 }, (_, number) => ({ ...alice, login: `${number}@example.org` })));
    expect(throttle.admit({ ...alice, login: 'fresh@example.org' }, false, NOW).kind).to.equal('refused');
    expect(throttle.admit({ ...alice, login: 'fresh@example.org' }, true, NOW)).to.deep.equal({
      kind: 'admitted',
      delayMs: 0,
    });
  });

  it('does not slow the owner elsewhere, whoever fails a thousand times from one address', () => {
    const throttle = failing(times(1000, alice));
    expect(throttle.admit(elsewhere, false, NOW)).to.deep.equal({ kind: 'admitted', delayMs: 0 });
  });

  it('slows strangers, then refuses them, when many clients fail for one login; never a client that it knows', () => {
    expect(failing(strangers(2)).admit(elsewhere, false, NOW)).to.deep.equal({ kind: 'admitted', delayMs: 1000 });
    expect(failing(strangers(10)).admit(elsewhere, false, NOW).kind).to.equal('refused');
    expect(failing(strangers(200)).admit(elsewhere, true, NOW)).to.deep.equal({ kind: 'admitted', delayMs: 0 });
  });

  it('takes back what a client failed when it is right after all, and nothing that others failed', () => {
    const throttle = failing([...times(4, alice), ...strangers(2)]);
    expect(throttle.blames(alice, NOW)).to.equal(true);
    throttle.forgive(alice, NOW);
    expect(throttle.blames(alice, NOW)).to.equal(false);
    expect(throttle.admit(elsewhere, false, NOW)).to.deep.equal({ kind: 'admitted', delayMs: 1000 });
    expect(throttle.state.client.map(([name]) => name)).to.not.include(alice.client);
  });

  it('goes on in another process from its state', () => {
    const other = new Throttle();
    other.restore(JSON.parse(JSON.stringify(failing(times(10, alice)).state)) as Throttle['state']);
    expect(other.admit(alice, false, NOW).kind).to.equal('refused');
  });

  it('is bounded: what was touched longest ago goes first, and what leaked away is tidied up', () => {
    const { entriesLimit } = rules.pair;
    const throttle = new Throttle();
    for (let number = 0; number <= entriesLimit; number++)
      throttle.failed({ client: `c${number}`, login: `l${number}` }, NOW);
    const { pair, client, login } = throttle.state;
    expect(pair).to.have.length(entriesLimit);
    expect(client).to.have.length(rules.client.entriesLimit);
    expect(login).to.have.length(rules.login.entriesLimit);
    expect(pair[0]?.[0]).to.equal('c1 l1');
    throttle.tidy(NOW + LEAK_MS);
    expect(throttle.state).to.deep.equal({ pair: [], client: [], login: [] });
  });

  it('does not hold a name of any length', () => {
    const throttle = failing([{ client: 'c', login: 'x'.repeat(100_000) }]);
    expect(JSON.stringify(throttle.state)).to.have.length.below(2000);
  });

  it('set back an hour, still forgives in minutes', () => {
    const throttle = failing(times(10, alice));
    expect(throttle.admit(alice, false, NOW - HOUR_MS).kind).to.equal('refused');
    expect(throttle.admit(alice, false, NOW - HOUR_MS + LEAK_MS).kind).to.equal('admitted');
  });

  const gapMs = fc.integer({ min: 0, max: 3 * LEAK_MS });

  it('never lets one client slow the login of another, whatever it does and when', () => {
    fc.assert(
      fc.property(fc.array(gapMs, { maxLength: 300 }), (gaps) => {
        const throttle = new Throttle();
        let nowMs = NOW;
        for (const gap of gaps) {
          throttle.failed(alice, (nowMs += gap));
          expect(throttle.admit(elsewhere, false, nowMs)).to.deep.equal({ kind: 'admitted', delayMs: 0 });
        }
      }),
    );
  });

  it('admits one client no more often than its bucket leaks, beyond the first', () => {
    fc.assert(
      fc.property(fc.array(gapMs, { minLength: 50, maxLength: 300 }), (gaps) => {
        const throttle = new Throttle();
        let nowMs = NOW;
        let admitted = 0;
        for (const gap of gaps) {
          nowMs += gap;
          if (throttle.admit(alice, false, nowMs).kind === 'refused') continue;
          admitted += 1;
          throttle.failed(alice, nowMs);
        }
        expect(admitted).to.be.at.most(rules.pair.refuse + (nowMs - NOW) / LEAK_MS);
      }),
    );
  });

  it('counts the same in two processes that tell each other everything, but for who was first', () => {
    const pairs = fc.record({ client: fc.constantFrom('a', 'b', 'c'), login: fc.constantFrom('x', 'y') });
    const steps = fc.array(fc.record({ pair: pairs, gap: gapMs, right: fc.boolean() }), { maxLength: 100 });
    fc.assert(
      fc.property(steps, (all) => {
        const [one, other] = [new Throttle(), new Throttle()];
        let nowMs = NOW;
        for (const { pair, gap, right } of all) {
          nowMs += gap;
          for (const throttle of [one, other])
            if (right) throttle.forgive(pair, nowMs);
            else throttle.failed(pair, nowMs);
        }
        expect(one.state).to.deep.equal(other.state);
        const restored = new Throttle();
        restored.restore(one.state);
        for (const client of ['a', 'b', 'c', 'd'])
          expect(restored.admit({ client, login: 'x' }, false, nowMs)).to.deep.equal(
            one.admit({ client, login: 'x' }, false, nowMs),
          );
      }),
    );
  });
});
