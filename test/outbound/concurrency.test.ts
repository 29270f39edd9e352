import { expect } from 'chai';
import { Concurrency, type ConcurrencyLimits } from '../../src/outbound/concurrency.js';

const LIMITS: ConcurrencyLimits = { first: 5, most: 20, failures: 3, firstProbe: 30_000, longestProbe: 300_000 };

describe('the concurrency of a next hop', () => {
  const fails = (concurrency: Concurrency, ...atMs: readonly number[]): void => {
    for (const nowMs of atMs) concurrency.failed({ begunAtMs: nowMs, nowMs });
  };
  const succeeds = (concurrency: Concurrency, times: number): void => {
    for (let at = 0; at < times; at++) concurrency.succeeded();
  };

  it('grows by one for each window of successes, up to the most', () => {
    const concurrency = new Concurrency(LIMITS);
    expect(concurrency.allowed(0)).to.equal(5);
    succeeds(concurrency, 6);
    expect(concurrency.allowed(0)).to.equal(6);
    succeeds(concurrency, 10_000);
    expect(concurrency.allowed(0)).to.equal(20);
  });

  it('begins no higher than its most', () => {
    expect(new Concurrency({ ...LIMITS, most: 2 }).allowed(0)).to.equal(2);
  });

  it('shrinks by one with each failure, and never to nothing', () => {
    const concurrency = new Concurrency({ ...LIMITS, failures: 100 });
    fails(concurrency, 1, 2);
    expect(concurrency.allowed(3)).to.equal(3);
    fails(concurrency, 4, 5, 6, 7, 8, 9);
    expect(concurrency.allowed(9)).to.equal(1);
    expect(concurrency.isDead).to.equal(false);
  });

  it('is dead after a few failures in a row', () => {
    const concurrency = new Concurrency(LIMITS);
    fails(concurrency, 1, 2);
    concurrency.succeeded();
    fails(concurrency, 3, 4);
    expect(concurrency.isDead).to.equal(false);
    fails(concurrency, 5);
    expect(concurrency.isDead).to.equal(true);
    expect(concurrency.allowed(6)).to.equal(0);
    expect(concurrency.probeAtMs).to.equal(30_005);
  });

  it('counts connections that break together once', () => {
    const concurrency = new Concurrency(LIMITS);
    for (const nowMs of [100, 101, 102, 103]) concurrency.failed({ begunAtMs: 50, nowMs });
    expect(concurrency.isDead).to.equal(false);
    expect(concurrency.allowed(104)).to.equal(1);
  });

  it('allows a dead hop one probe, each later than the one before, until one succeeds', () => {
    const concurrency = new Concurrency(LIMITS);
    fails(concurrency, 1, 2, 3);
    const waits: number[] = [];
    for (let probes = 0; probes < 6; probes++) {
      const atMs = concurrency.probeAtMs as number;
      expect(concurrency.allowed(atMs - 1)).to.equal(0);
      expect(concurrency.allowed(atMs)).to.equal(1);
      fails(concurrency, atMs);
      waits.push((concurrency.probeAtMs as number) - atMs);
    }
    expect(waits).to.deep.equal([60_000, 120_000, 240_000, 300_000, 300_000, 300_000]);
    concurrency.succeeded();
    expect(concurrency.isDead).to.equal(false);
    expect(concurrency.allowed(0)).to.equal(2);
  });
});
