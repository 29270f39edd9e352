/** What every driver must do about aliases that lead to other domains, beside the rest of the contract. */
import { expect } from 'chai';
import { EXPANSION_LIMIT } from '../../src/store/rules/expansion.js';
import type { MailStore } from '../../src/store/store.js';
import { at, fails, type StoreUnderTest } from './contract.js';

const TEAM = at('team@example.org');
const ALICE = at('alice@example.org');
const CAROL = at('Carol@x.example');

export function describeAliases(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store with aliases that lead elsewhere`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;

    beforeEach(async () => {
      underTest = await make();
      store = await underTest.connect();
      await store.directory.addAccount(ALICE, 'hash');
    });

    afterEach(() => underTest.cleanup());

    const add = (alias: string, ...targets: readonly string[]) => store.directory.addAlias(at(alias), targets.map(at));
    const reached = async (alias: string) => {
      const found = await store.resolve(at(alias));
      return found.kind === 'local' ? found.targets.map(({ kind, address }) => `${kind} ${address}`) : found.kind;
    };

    it('finds who is here and who is elsewhere, through other aliases, each once and as it was written', async () => {
      await add('team@example.org', 'alice@example.org', 'Carol@x.example');
      await add('all@example.org', 'team@example.org', 'Carol@x.example', 'dave@y.example');
      expect(await reached('all@example.org')).to.have.members([
        ...['local alice@example.org', 'remote Carol@x.example', 'remote dave@y.example'],
      ]);
      const found = await store.resolve(at('team+detail@example.org'));
      expect(found.kind === 'local' && found.targets[1]).to.deep.equal({
        ...{ kind: 'remote', address: 'Carol@x.example', destination: 'x.example' },
      });
      expect(await store.directory.listAliases()).to.deep.include({
        address: 'team@example.org',
        targets: ['Carol@x.example', 'alice@example.org'],
      });
    });

    it('leads there when nobody else is meant, by a catch-all too, and no longer when it is taken away', async () => {
      await add('*@example.org', 'Carol@x.example');
      expect(await reached('anybody@example.org')).to.deep.equal(['remote Carol@x.example']);
      await store.directory.removeAlias(at('*@example.org'), [CAROL]);
      expect(await reached('anybody@example.org')).to.equal('unknown');
    });

    it('takes no name of a local domain that is not there, nor of the domain that the alias makes local', async () => {
      await fails('refused', add('team@example.org', 'nobody@example.org'));
      await fails('refused', add('team@new.example', 'bob@new.example'));
      expect((await store.directory.listDomains()).map(({ name }) => name)).to.deep.equal(['example.org']);
    });

    it('counts those elsewhere among what one path may lead to', async () => {
      const many = Array.from({ length: EXPANSION_LIMIT }, (_, number) => at(`r${number}@x.example`));
      await fails('refused', store.directory.addAlias(TEAM, [ALICE, ...many]));
      await store.directory.addAlias(TEAM, many);
      await fails('refused', store.directory.addAlias(TEAM, [ALICE]));
    });

    it('leads to who is here, in any spelling, when a domain becomes local', async () => {
      await add('team@example.org', 'Carol@x.example', 'carol@x.example', 'Dave@xx.example');
      await add('sales@example.org', 'Carol@x.example');
      await store.directory.addAccount(at('carol@x.example'), 'hash');
      expect(await reached('team@example.org')).to.have.members(['local carol@x.example', 'remote Dave@xx.example']);
      expect(await reached('sales@example.org')).to.deep.equal(['local carol@x.example']);
      await store.directory.addDomain('xx.example');
      await store.directory.addAccount(at('dave@xx.example'), 'hash');
      expect(await reached('team@example.org')).to.have.members(['local carol@x.example', 'local dave@xx.example']);
      await store.directory.removeAlias(at('sales@example.org'), [at('Carol@x.example')]);
      expect(await reached('sales@example.org')).to.equal('unknown');
    });

    it('leads nobody out of here when a domain is local no longer', async () => {
      await add('sales@shop.example', 'alice@example.org');
      await add('team@example.org', 'alice@example.org', 'sales@shop.example');
      await store.directory.removeDomain('shop.example');
      expect(await reached('team@example.org')).to.deep.equal(['local alice@example.org']);
      expect(await store.directory.listAliases()).to.deep.equal([
        { address: 'team@example.org', targets: ['alice@example.org'] },
      ]);
    });
  });
}
