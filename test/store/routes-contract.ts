/** What every driver must do about routes, beside the rest of the contract. */
import { expect } from 'chai';
import type { Route, RouteAction, RouteKey } from '../../src/store/routes.js';
import { ROUTES_LIMIT } from '../../src/store/rules/routes.js';
import type { MailStore } from '../../src/store/store.js';
import { eventually } from '../support/eventually.js';
import { at, deliver, fails, type StoreUnderTest } from './contract.js';
import { envelopeOut } from './queue-contract.js';

const HOLD: RouteAction = { kind: 'hold', text: 'held' };
const ERROR: RouteAction = { kind: 'error', status: '5.1.2', text: 'gone' };
const RELAY: RouteAction = { kind: 'relay', urls: ['smtp://u@a.example', 'lmtp:/s'], passwordFile: '/etc/p' };

function to(domain: string, action = HOLD): Route {
  return { scope: 'destination', domain, action };
}

function from(domain: string, action = HOLD): Route {
  return { scope: 'sender', domain, action };
}

export function describeRoutes(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store with routes`, () => {
    let underTest: StoreUnderTest;
    let store: MailStore;

    beforeEach(async () => {
      underTest = await make();
      store = await underTest.connect();
    });

    afterEach(() => underTest.cleanup());

    const add = async (...routes: readonly Route[]) => {
      for (const route of routes) await store.routes.addRoute(route);
    };
    const found = async (destination: string, sender = ''): Promise<RouteKey['domain'] | undefined> =>
      (await store.routes.findRoute(destination, sender))?.domain;

    it('keeps each as it was given, over a restart, and replaces one that has the same domain', async () => {
      await add(to('x.example', RELAY), to('.x.example', ERROR), from('x.example'), to('x.example', HOLD));
      await underTest.restart();
      store = await underTest.connect();
      const all = [to('.x.example', ERROR), to('x.example', HOLD), from('x.example')];
      expect(await store.routes.listRoutes()).to.deep.equal(all);
      await add(to('x.example', RELAY));
      expect(await store.routes.findRoute('x.example', '')).to.deep.equal(to('x.example', RELAY));
      await store.routes.removeRoute({ scope: 'destination', domain: 'x.example' });
      expect(await found('x.example')).to.equal(undefined);
      await fails('missing', store.routes.removeRoute({ scope: 'destination', domain: 'x.example' }));
    });

    it('finds that of the destination, then the nearest above, then that of the sender, then that of all', async () => {
      await add(
        to('a.x.example'),
        to('.x.example'),
        to('.example'),
        from('shop.example'),
        from('.shop.example'),
        to('*'),
      );
      expect(await found('a.x.example', 'me@shop.example')).to.equal('a.x.example');
      expect(await found('b.a.x.example')).to.equal('.x.example');
      expect(await found('x.example')).to.equal('.example');
      expect(await found('example.net', 'me@Shop.Example')).to.equal('shop.example');
      expect(await found('example.net', 'me@eu.shop.example')).to.equal('.shop.example');
      expect(await found('example.net', 'me@example.net')).to.equal('*');
      expect(await found('[192.0.2.1]')).to.equal('*');
    });

    it('finds none where none is, and that of a sender by the A-labels of its domain', async () => {
      await add(from('xn--bcher-kva.example'));
      expect(await found('example.net', 'till@bücher.example')).to.equal('xn--bcher-kva.example');
      expect(await found('bücher.example', '')).to.equal(undefined);
      expect(await found('')).to.equal(undefined);
    });

    it('refuses one of a local domain, and more than there may be', async () => {
      await store.directory.addAccount(at('alice@example.org'), 'hash');
      await fails('refused', store.routes.addRoute(to('example.org')), /local/);
      await add(from('example.org'));
      for (let count = 1; count < ROUTES_LIMIT; count++) await store.routes.addRoute(to(`d${count}.example`));
      await fails('refused', store.routes.addRoute(to('x.example')), /1000/);
      await add(to('d1.example', ERROR));
      expect(await store.routes.listRoutes()).to.have.length(ROUTES_LIMIT);
    });

    it('ends the rest of its destination: what waited for another way goes by the new one', async () => {
      await store.queue.begin('one');
      await deliver(store, envelopeOut(['bob@x.example']), Buffer.from('x\r\n'));
      await store.queue.rest('x.example', Date.now() + 3_600_000, { text: 'dead' });
      let woken = 0;
      const unwatch = store.queue.watch(() => (woken += 1));
      await add(to('x.example', RELAY));
      expect(await store.queue.dueDestinations(10)).to.have.length(1);
      await eventually('the sender to hear of it', () => woken > 0);
      unwatch();
    });
  });
}
