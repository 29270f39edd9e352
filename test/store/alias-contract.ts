/** What every driver must do about aliases that lead to other domains, beside the rest of the contract. */
import { expect } from 'chai';
import { EXPANSION_LIMIT } from '../../src/store/rules/expansion.js';
import type { MailStore } from '../../src/store/store.js';
import { at, deliver, envelopeTo, fails, type StoreUnderTest } from './contract.js';

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

    it('takes a domain for another name of one here: for mail, logins and administration', async () => {
      const { directory } = store;
      await add('boss@example.org', 'alice@example.org');
      await add('team@example.org', 'alice@example.org', 'Boss@example.net');
      expect(await reached('alice@example.net')).to.equal('remote');
      await directory.addDomainAlias('example.net', 'example.org');
      expect(await reached('Alice+x@example.net')).to.deep.equal(['local alice+x@example.org']);
      expect(await reached('team@example.net')).to.deep.equal(['local alice@example.org']);
      expect(await reached('nobody@example.net')).to.equal('unknown');
      expect((await store.findLogin('alice@example.net'))?.address).to.equal('alice@example.org');
      expect(await store.loginAddress('Bob@example.net')).to.equal('bob@example.org');
      await add('one@example.org', 'alice@example.net');
      expect(await directory.listAliases()).to.deep.include({
        address: 'one@example.org',
        targets: ['alice@example.org'],
      });
      expect((await directory.listDomains()).map(({ name, aliasOf }) => [name, aliasOf])).to.deep.equal([
        ['example.org', undefined],
        ['example.net', 'example.org'],
      ]);
      await directory.removeAlias(at('one@example.net'), [at('alice@example.net')]);
      await directory.removeAccount(at('alice@example.net'));
      expect(await reached('boss@example.org')).to.equal('unknown');
      await directory.removeDomain('example.net');
      expect(await reached('alice@example.net')).to.equal('remote');
    });

    it('gives an alias of a domain no names of its own, and no alias', async () => {
      const { directory } = store;
      await directory.addDomainAlias('example.net', 'example.org');
      await fails('refused', directory.addAccount(at('bob@example.net'), 'hash'), /alias of example\.org/);
      await fails('refused', add('sales@example.net', 'alice@example.org'), /alias of example\.org/);
      await fails('refused', directory.setDomainQuota('example.net', { messages: 1 }), /alias of example\.org/);
      await fails('refused', directory.addDomainAlias('example.com', 'example.net'), /alias of example\.org/);
      await fails('refused', directory.addDomainAlias('example.org', 'example.org'), /itself/);
      await fails('missing', directory.addDomainAlias('a.example', 'b.example'), /b\.example/);
      await fails('refused', directory.removeDomain('example.org'), /accounts/);
      await directory.removeAccount(ALICE);
      await fails('refused', directory.removeDomain('example.org'), /aliases of example\.org/);
      await directory.addDomain('example.com');
      await fails('refused', directory.addDomainAlias('example.org', 'example.com'), /aliases of example\.org/);
      await directory.addDomainAlias('example.com', 'example.org');
      await directory.addAccount(at('bob@b.example'), 'hash');
      await fails('refused', directory.addDomainAlias('b.example', 'example.org'), /accounts/);
      await add('x@c.example', 'bob@b.example');
      await fails('refused', directory.addDomainAlias('c.example', 'example.org'), /aliases of its own/);
    });

    it('becomes the alias of no domain where names that lead there would lead to themselves', async () => {
      const { directory } = store;
      await add('sales@example.org', 'team@example.net');
      await add('team@example.org', 'sales@example.org', 'alice@example.org');
      await fails('refused', directory.addDomainAlias('example.net', 'example.org'), /lead to itself/);
      await directory.removeAlias(at('team@example.org'), [at('sales@example.org')]);
      await directory.setForward(ALICE, [at('alice@example.net')], false);
      await fails('refused', directory.addDomainAlias('example.net', 'example.org'), /lead to itself/);
      expect((await directory.listDomains()).map(({ name }) => name)).to.deep.equal(['example.org']);
      expect(await reached('sales@example.org')).to.deep.equal(['remote team@example.net']);
      await directory.setForward(ALICE, [], false);
      await directory.addDomainAlias('example.net', 'example.org');
      expect(await reached('sales@example.org')).to.deep.equal(['local alice@example.org']);
    });

    it('refuses the mail of who is disabled, where that is wanted, and leads past him', async () => {
      const { directory } = store;
      await directory.addAccount(at('bob@example.org'), 'hash');
      await add('team@example.org', 'alice@example.org', 'bob@example.org');
      await add('bobby@example.org', 'bob@example.org');
      await add('*@example.org', 'alice@example.org');
      const states = async () =>
        (await directory.listAccounts()).map(({ enabled, refusesMail }) => [enabled, refusesMail]);
      await directory.setEnabled(at('bob@example.org'), false);
      expect(await reached('bob@example.org')).to.deep.equal(['local bob@example.org']);
      await directory.setEnabled(at('bob@example.org'), false, true);
      for (let times = 0; times < 2; times++) {
        expect(await reached('bob@example.org')).to.equal('disabled');
        expect(await reached('bob+x@example.org')).to.equal('disabled');
        expect(await reached('bobby@example.org')).to.equal('disabled');
        expect(await reached('team@example.org')).to.deep.equal(['local alice@example.org']);
      }
      expect(await states()).to.deep.equal([
        [true, false],
        [false, true],
      ]);
      await directory.setEnabled(at('bob@example.org'), true, true);
      expect(await reached('bobby@example.org')).to.deep.equal(['local bob@example.org']);
      expect((await states())[1]).to.deep.equal([true, false]);
    });

    describe('with accounts that forward', () => {
      const forward = (account: string, targets: readonly string[], keeps = false) =>
        store.directory.setForward(at(account), targets.map(at), keeps);
      const forwards = async () =>
        (await store.directory.listAccounts()).flatMap(({ forward: shown }) => (shown === undefined ? [] : [shown]));

      beforeEach(async () => {
        for (const name of ['bob@example.org', 'carol@example.org']) await store.directory.addAccount(at(name), 'hash');
      });

      it('leads to where they forward, through aliases and others, and to them where they keep it', async () => {
        await add('team@example.org', 'alice@example.org', 'carol@example.org');
        await forward('alice@example.org', ['Bob@example.org']);
        expect(await reached('alice@example.org')).to.deep.equal(['local bob@example.org']);
        expect(await reached('alice+x@example.org')).to.deep.equal(['local bob@example.org']);
        expect(await reached('team@example.org')).to.have.members(['local bob@example.org', 'local carol@example.org']);
        await forward('bob@example.org', ['carol@example.org', 'Dave@x.example'], true);
        expect(await reached('bob+x@example.org')).to.have.members([
          ...['local bob+x@example.org', 'local carol@example.org', 'remote Dave@x.example'],
        ]);
        expect(await reached('alice@example.org')).to.have.members([
          ...['local bob@example.org', 'local carol@example.org', 'remote Dave@x.example'],
        ]);
        const found = await store.resolve(at('alice@example.org'));
        expect(found.kind === 'local' && found.account).to.equal((await store.findLogin('alice@example.org'))?.id);
        expect(await forwards()).to.deep.equal([
          { targets: ['bob@example.org'], keeps: false },
          { targets: ['Dave@x.example', 'carol@example.org'], keeps: true },
        ]);
        expect((await store.directory.listAliases()).map(({ address }) => address)).to.deep.equal(['team@example.org']);
        await forward('bob@example.org', []);
        expect(await reached('alice@example.org')).to.deep.equal(['local bob@example.org']);
      });

      it('makes no circle, and leads to nobody who is not there', async () => {
        await forward('alice@example.org', ['bob@example.org'], true);
        await add('team@example.org', 'alice@example.org');
        for (const target of ['alice@example.org', 'team@example.org', 'bob@example.org'])
          await fails('refused', forward('bob@example.org', [target]), /itself/);
        await fails('refused', forward('bob@example.org', ['nobody@example.org']), /neither/);
        await fails('refused', add('alice@example.org', 'carol@example.org'), /is an account/);
        await fails('missing', store.directory.removeAlias(ALICE, []));
        await fails('missing', forward('nobody@example.org', ['bob@example.org']));
        expect(await reached('bob@example.org')).to.deep.equal(['local bob@example.org']);
        expect(await reached('team@example.org')).to.have.members(['local alice@example.org', 'local bob@example.org']);
      });

      it('gives mail back to who forwarded it, when the last of the others goes', async () => {
        await forward('alice@example.org', ['bob@example.org']);
        await store.directory.removeAccount(at('bob@example.org'));
        expect(await reached('alice@example.org')).to.deep.equal(['local alice@example.org']);
        expect(await forwards()).to.deep.equal([]);
        await forward('alice@example.org', ['carol@example.org']);
        await store.directory.removeAccount(ALICE);
        expect(await store.directory.listAliases()).to.deep.equal([]);
        await store.directory.addAccount(ALICE, 'hash');
        expect(await reached('alice@example.org')).to.deep.equal(['local alice@example.org']);
      });

      it('passes those by who refuse their mail, forwards and all', async () => {
        await forward('alice@example.org', ['bob@example.org'], true);
        await store.directory.setEnabled(at('bob@example.org'), false, true);
        expect(await reached('alice@example.org')).to.deep.equal(['local alice@example.org']);
        await forward('alice@example.org', ['bob@example.org']);
        expect(await reached('alice@example.org')).to.equal('disabled');
        await store.directory.setEnabled(ALICE, false, true);
        await store.directory.setEnabled(at('bob@example.org'), true);
        await add('team@example.org', 'alice@example.org');
        expect(await reached('team@example.org')).to.equal('disabled');
      });
    });

    it('gives an account another name: with its mail, UIDLs and passwords, and what leads to it', async () => {
      const { directory } = store;
      const address = at('Smith@new.example');
      await directory.addAccount(at('bob@example.org'), 'hash');
      await directory.addCredential(ALICE, { name: 'phone', scopes: ['pop3'], hash: 'hash' });
      await add('team@example.org', 'alice@example.org', 'bob@example.org');
      await directory.setForward(ALICE, [at('bob@example.org')], true);
      await directory.setForward(at('bob@example.org'), [], false);
      await directory.setQuota(ALICE, { messages: 7 });
      await directory.setKeepsMail(ALICE, true);
      await directory.setExpiry(ALICE, 30);
      const collector = await store.collectors.addCollector({
        ...{ url: 'pop3s://alice@mail.example', password: 'shh', into: ALICE },
        ...{ everyMs: 60_000, removeAfterMs: 'never' },
      });
      const before = await store.findLogin('alice@example.org');
      const id = before?.id ?? -1;
      const version = before?.passwordVersion ?? -1;
      await deliver(store, envelopeTo(id), Buffer.from('text\r\n'));
      await directory.setDomainQuota('example.org', { messages: 5 });
      await directory.setDomainQuota('example.org', { messages: 5 });
      const uidl = async (of: string) => (await store.mailboxes.listMail(at(of))).map((one) => one.uidl);
      const was = await uidl('alice@example.org');
      await directory.renameAccount(ALICE, address, true);
      const after = await store.findLogin('smith@new.example');
      expect([after?.id, after?.credentials.length, after?.passwordHash]).to.deep.equal([id, 1, 'hash']);
      expect(await store.findLogin('alice@example.org')).to.equal(undefined);
      expect((await store.findLogin('smith+phone@new.example'))?.credentials).to.have.length(1);
      expect((await directory.listAccounts()).find((one) => one.address === 'smith@new.example')).to.include({
        ...{ quotaMessages: 7, keepsMail: true, expireDays: 30, messages: 1 },
      });
      expect((await store.collectors.findCollector(collector))?.into).to.deep.equal({
        ...{ local: 'smith', domain: 'new.example' },
      });
      expect(await uidl('smith@new.example')).to.deep.equal(was);
      expect(was).to.have.length(1);
      for (const name of ['smith@new.example', 'alice@example.org'])
        expect(await reached(name), name).to.have.members(['local smith@new.example', 'local bob@example.org']);
      expect(await reached('team@example.org')).to.have.members(['local smith@new.example', 'local bob@example.org']);
      expect((await directory.listDomains())[0]?.held).to.deep.equal({ messages: 0, octets: 0 });
      for (const credential of [undefined, after?.credentials[0]?.id]) {
        const grant = { account: id, credential, scope: 'pop3' } as const;
        expect(await store.stands({ ...grant, passwordVersion: version })).to.equal(false);
        expect(await store.stands({ ...grant, passwordVersion: after?.passwordVersion ?? -1 })).to.equal(true);
      }
      await fails('refused', directory.renameAccount(address, at('bob@example.org'), false), /bob@example\.org/);
      await fails('refused', directory.renameAccount(address, ALICE, false), /is an alias/);
      await fails('refused', directory.renameAccount(address, address, false), /already/);
      await fails('missing', directory.renameAccount(ALICE, at('x@example.org'), false));
      await add('afar@example.org', 'smith@far.example');
      await directory.setForward(address, [at('afar@example.org')], true);
      await fails('refused', directory.renameAccount(address, at('smith@far.example'), false), /lead to itself/);
      expect(await reached('afar@example.org')).to.deep.equal(['remote smith@far.example']);
      await directory.setForward(address, [], false);
      await directory.removeAlias(ALICE, []);
      await directory.renameAccount(address, ALICE, false);
      expect(await reached('smith@new.example')).to.equal('unknown');
      expect((await directory.listDomains())[0]?.held?.messages).to.equal(1);
      expect(underTest.miscounted()).to.deep.equal([]);
    });
  });
}
