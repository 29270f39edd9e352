/** What every driver must do about collectors, beside the rest of the contract. */
import { expect } from 'chai';
import type { CollectorLogin, NewCollector } from '../../src/store/collectors.js';
import type { MailStore } from '../../src/store/store.js';
import { at, fails, type StoreUnderTest } from './contract.js';

const HASH = '$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA';
const ALICE = at('alice@example.org');
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

function newCollector(change: Partial<NewCollector> = {}): NewCollector {
  return {
    ...{ url: 'pop3s://alice@mail.example', password: 'shh', into: ALICE, everyMs: 15 * MINUTE_MS },
    ...{ removeAfterMs: 'never', ...change },
  };
}

export function describeCollectors(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store with collectors`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;
    let other: MailStore;

    beforeEach(async () => {
      underTest = await make();
      store = await underTest.connect();
      other = await underTest.connect();
      await store.directory.addDomain('example.org').catch(() => undefined);
      await store.directory.addAccount(ALICE, HASH);
    });

    afterEach(() => underTest.cleanup());

    async function found(id: number): Promise<CollectorLogin> {
      const collector = await other.collectors.findCollector(id);
      if (collector === undefined) throw new Error('There is no collector');
      return collector;
    }

    it('keeps what a collector was given, due at once, and shows no password in its list', async () => {
      const id = await store.collectors.addCollector(newCollector({ removeAfterMs: 0 }));
      const collector = await found(id);
      expect(collector).to.deep.include(newCollector({ removeAfterMs: 0 }));
      expect(collector.nextRunAtMs).to.be.at.most(Date.now());
      const listed = await other.collectors.listCollectors();
      expect(listed.map((one) => [one.id, one.url, one.into])).to.deep.equal([
        [id, 'pop3s://alice@mail.example', ALICE],
      ]);
      expect(JSON.stringify(listed)).to.not.include('shh');
      await underTest.restart();
      expect(await (await underTest.connect()).collectors.findCollector(id)).to.deep.include(
        newCollector({ removeAfterMs: 0 }),
      );
    });

    it('changes what it is told, and is due at once, without what was wrong before', async () => {
      const id = await store.collectors.addCollector(newCollector());
      const { version } = await found(id);
      const failure = { text: 'refuses', kind: 'login' } as const;
      expect(await store.collectors.settleCollector(id, version, { fetched: 0, leftOut: 0, failure })).to.equal(1);
      await store.collectors.setCollector(id, { password: 'better' });
      const changed = await found(id);
      expect(changed).to.deep.include({ ...newCollector(), password: 'better', failures: 0, failure: undefined });
      expect(changed.version).to.be.above(version);
      expect(changed.nextRunAtMs).to.be.at.most(Date.now());
      const late = { fetched: 3, leftOut: 0, failure };
      expect(await store.collectors.settleCollector(id, version, late)).to.equal(0);
      expect(await found(id)).to.deep.equal(changed);
    });

    it('refuses a second one of the same maildrop and account, and one into no account', async () => {
      const id = await store.collectors.addCollector(newCollector());
      await fails('refused', store.collectors.addCollector(newCollector()), new RegExp(`already: ${id};`));
      expect(await store.collectors.addCollector(newCollector({ url: 'pop3s://bob@mail.example' }))).to.be.above(id);
      const nobody = at('nobody@example.org');
      await fails('missing', store.collectors.addCollector(newCollector({ into: nobody })), /no account nobody@/);
    });

    it('removes a collector, alone or with its account, and says that there is none', async () => {
      const [first, second] = [
        await store.collectors.addCollector(newCollector()),
        await store.collectors.addCollector(newCollector({ url: 'pop3s://bob@mail.example' })),
      ];
      await store.collectors.removeCollector(first);
      for (const act of [store.collectors.removeCollector(first), store.collectors.setCollector(first, {})])
        await fails('missing', act, /no collector 1; 'pennypost fetch list'/);
      await store.directory.removeAccount(ALICE);
      expect(await other.collectors.findCollector(second)).to.equal(undefined);
      expect(await other.collectors.listCollectors()).to.deep.equal([]);
    });

    it('lets one process fetch at a time, which may claim for longer; and frees what one claimed that ended', async () => {
      const id = await store.collectors.addCollector(newCollector());
      const { version } = await found(id);
      const claims = await Promise.all(
        ['a', 'b', 'c'].map((by) => store.collectors.claimCollector(id, version, { by, forMs: HOUR_MS })),
      );
      expect(claims.toSorted()).to.deep.equal([0, 0, 1]);
      const { claim } = await found(id);
      const again = { by: claim?.by ?? '', forMs: 1 };
      expect(await other.collectors.claimCollector(id, version, again)).to.equal(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await other.collectors.claimCollector(id, version, { by: 'd', forMs: HOUR_MS })).to.equal(1);
      expect(await other.collectors.settleCollector(id, version, { fetched: 2, leftOut: 1 })).to.equal(1);
      const settled = await found(id);
      expect(settled).to.include({ claim: undefined, fetched: 2, leftOut: 1, failures: 0 });
      expect(settled.lastSuccessAtMs).to.equal(settled.lastRunAtMs);
      expect(settled.nextRunAtMs - (settled.lastRunAtMs ?? 0)).to.equal(15 * MINUTE_MS);
    });

    for (const [kind, minutes] of [
      ['other', [5, 10, 20, 40, 60, 60]],
      ['quota', [15, 30, 60, 60]],
      ['login', [60, 120, 240, 480, 960, 1440, 1440]],
    ] as const)
      it(`waits longer after each failure in a row: ${kind}`, async () => {
        const id = await store.collectors.addCollector(newCollector());
        const { version } = await found(id);
        const waits: number[] = [];
        const run = { fetched: 0, leftOut: 0, failure: { text: 'no', kind } };
        while (waits.length < minutes.length) {
          await store.collectors.settleCollector(id, version, run);
          const { nextRunAtMs, lastRunAtMs = 0 } = await found(id);
          waits.push((nextRunAtMs - lastRunAtMs) / MINUTE_MS);
        }
        expect(waits).to.deep.equal(minutes);
        await store.collectors.settleCollector(id, version, { fetched: 1, leftOut: 0 });
        expect(await found(id)).to.include({ failures: 0, failure: undefined });
      });
  });
}
