/** Routes that change under way: what did not change keeps its connections, and a password that cannot be read holds up its own mail alone. */
import { expect } from 'chai';
import { LiveRoutes } from '../../src/outbound/live-routes.js';
import { relaysWith } from '../../src/outbound/relays.js';
import { parseRelayUrl } from '../../src/outbound/client/relay-url.js';
import type { Route } from '../../src/outbound/routes.js';
import type { Route as StoredRoute, RouteAction } from '../../src/store/routes.js';

const SHOP: RouteAction = { kind: 'relay', urls: ['smtps://shop@relay.example'], passwordFile: '/p' };
const HOLD: RouteAction = { kind: 'hold', text: 'held' };

function to(domain: string, action: RouteAction): StoredRoute {
  return { scope: 'destination', domain, action };
}

describe('routes that administration changes', () => {
  let password: string | undefined;
  let relayPassword: () => string;
  let routes: LiveRoutes;

  beforeEach(() => {
    password = 'first';
    relayPassword = () => 'of the relay';
    const relays = relaysWith([parseRelayUrl('smtp://us@relay.example')], () => relayPassword());
    routes = new LiveRoutes(relays, () => {
      if (password === undefined) throw new Error('cannot be read');
      return password;
    });
  });

  const passwordOf = (route: Route): unknown =>
    route.kind === 'hops' ? (route.hops[0]?.credentials as { password?: string } | undefined)?.password : undefined;

  it('stand from the moment at which they are known, and go as they came', () => {
    expect(routes.route('x.example', '').kind).to.equal('hops');
    expect(routes.replace([to('x.example', HOLD)])).to.deep.equal({ isChanged: true, troubles: [] });
    expect(routes.route('x.example', '')).to.deep.equal(HOLD);
    routes.replace([]);
    expect(routes.route('x.example', '').kind).to.equal('hops');
  });

  it('are the same ones where nothing changed, and others with another password', () => {
    routes.replace([to('x.example', SHOP), to('y.example', SHOP)]);
    const before = routes.route('x.example', '');
    expect(routes.route('y.example', '')).to.equal(before);
    routes.replace([to('x.example', SHOP), to('z.example', HOLD)]);
    expect(routes.route('x.example', '')).to.equal(before);
    password = 'second';
    routes.replace([to('x.example', SHOP)]);
    expect([passwordOf(before), passwordOf(routes.route('x.example', ''))]).to.deep.equal(['first', 'second']);
  });

  it('say who logs in by OAuth and where, as long as somebody does', () => {
    expect(routes.tokenUses).to.deep.equal([]);
    const action: RouteAction = { kind: 'relay', urls: ['smtp://office@a.example?auth=oauth', 'smtp://b.example'] };
    expect(routes.replace([to('x.example', action), to('y.example', action)]).troubles).to.deep.equal([]);
    expect(routes.tokenUses.map(({ user, hop }) => [user, hop.includes('a.example:587')])).to.deep.equal([
      ['office', true],
    ]);
    routes.replace([]);
    expect(routes.tokenUses).to.deep.equal([]);
  });

  it('go by another password of the relay from when it is read, and by the last one that could be', () => {
    const before = routes.route('x.example', '');
    expect(routes.replace([])).to.deep.equal({ isChanged: false, troubles: [] });
    expect(routes.tokenUses).to.deep.equal([]);
    relayPassword = () => 'another';
    expect(routes.replace([])).to.deep.equal({ isChanged: true, troubles: [] });
    expect([passwordOf(before), passwordOf(routes.route('x.example', ''))]).to.deep.equal(['of the relay', 'another']);
    relayPassword = () => {
      throw new Error('cannot be read');
    };
    expect(routes.replace([])).to.deep.equal({
      isChanged: false,
      troubles: ['The relay is used as it was before: cannot be read'],
    });
    expect(passwordOf(routes.route('x.example', ''))).to.equal('another');
  });

  it('keep a password that can be read no longer, and say so', () => {
    routes.replace([to('x.example', SHOP)]);
    password = undefined;
    expect(routes.replace([to('x.example', SHOP)]).troubles).to.have.length(1);
    expect(passwordOf(routes.route('x.example', ''))).to.equal('first');
  });

  it('make mail wait without a password, until there is one', () => {
    password = undefined;
    const [trouble] = routes.replace([to('x.example', SHOP), to('y.example', HOLD)]).troubles;
    expect(trouble).to.match(/shop@relay\.example.*cannot be read/);
    expect([routes.route('x.example', '').kind, routes.route('y.example', '').kind]).to.deep.equal(['retry', 'hold']);
    password = '';
    expect(routes.replace([to('x.example', SHOP)]).troubles).to.have.length(1);
    password = 'there';
    expect(routes.replace([to('x.example', SHOP)]).troubles).to.deep.equal([]);
    expect(passwordOf(routes.route('x.example', ''))).to.equal('there');
  });

  it('that cannot be understood make mail wait too', () => {
    expect(routes.replace([to('x.example', { kind: 'relay', urls: ['gopher://x'] })]).troubles).to.have.length(1);
    expect(routes.route('x.example', '').kind).to.equal('retry');
  });
});
