import { expect } from 'chai';
import type { NextHop } from '../../src/outbound/client/next-hop.js';
import { parseRelayUrl } from '../../src/outbound/client/relay-url.js';
import { keyOf } from '../../src/outbound/hop.js';
import { nextHops, NoPassword } from '../../src/outbound/relays.js';
import { RouteTable, type Route } from '../../src/outbound/routes.js';

const hop = (url: string): NextHop => parseRelayUrl(url).nextHop;
const to = (...urls: readonly string[]): Route => ({ kind: 'hops', hops: urls.map(hop) });
const HELD: Route = { kind: 'hold', text: 'held' };

describe('a route', () => {
  const relays = ['smtp://one.example', 'smtp://two.example'];
  const own = to('lmtp:/run/lmtp.sock');
  const shop = to('smtps://shop.example');
  const table = new RouteTable(relays.map(hop), [
    { scope: 'destination', domain: 'example.com', route: own },
    { scope: 'destination', domain: '.example.com', route: HELD },
    { scope: 'destination', domain: '.deep.example.com', route: { kind: 'retry', text: 'later' } },
    { scope: 'sender', domain: 'shop.example', route: shop },
  ]);

  it('is that of the relays, in order of preference, where there is no other', () => {
    expect(table.route('example.net', 'a@example.org')).to.deep.equal(to(...relays));
    expect(table.route('example.net', '')).to.deep.equal(to(...relays));
    expect(table.route('notexample.com', '')).to.deep.equal(to(...relays));
  });

  it("is the destination's own, or that of the names below one, the nearest first", () => {
    expect(table.route('example.com', '')).to.equal(own);
    expect(table.route('mail.example.com', '')).to.equal(HELD);
    expect(table.route('a.b.deep.example.com', '')).to.include({ kind: 'retry' });
    expect(table.route('deep.example.com', '')).to.equal(HELD);
  });

  it("is that of the sender's domain, where the destination has none", () => {
    expect(table.route('example.net', 'till@Shop.Example')).to.equal(shop);
    expect(table.route('example.com', 'till@shop.example')).to.equal(own);
  });

  it('is that of every domain instead of the relays, where there is one', () => {
    const every = new RouteTable(relays.map(hop), [
      { scope: 'destination', domain: '*', route: HELD },
      { scope: 'sender', domain: 'shop.example', route: shop },
    ]);
    expect([every.route('example.net', ''), every.route('example.net', 'a@shop.example')]).to.deep.equal([HELD, shop]);
    expect(every.ways('example.net')).to.deep.equal([shop, HELD]);
    const same = new RouteTable(relays.map(hop), [
      { scope: 'destination', domain: '*', route: own },
      { scope: 'destination', domain: 'example.com', route: own },
      { scope: 'sender', domain: 'shop.example', route: shop },
    ]);
    expect([same.ways('example.com'), same.ways('example.net')]).to.deep.equal([[own], [shop, own]]);
  });

  it('may be one of several for a destination: its own alone, or those of senders before the relays', () => {
    expect(table.ways('example.com')).to.deep.equal([own]);
    expect(table.ways('x.example.com')).to.deep.equal([HELD]);
    expect(table.ways('example.net')).to.deep.equal([shop, to(...relays)]);
    expect(table.ways('example.net')).to.equal(table.ways('example.edu'));
    expect(new RouteTable(relays.map(hop)).ways('example.net')).to.deep.equal([to(...relays)]);
  });

  it('holds mail where there is no relay any more', () => {
    expect(new RouteTable([]).route('example.net', '').kind).to.equal('hold');
  });
});

describe('a next hop', () => {
  const login = (user: string, password: string): NextHop => ({
    ...hop('smtps://one.example'),
    credentials: { kind: 'password', user, password },
  });

  it('is the same one with the same login alone: a wrong password is of its own route', () => {
    expect(keyOf(login('office', 'secret'))).to.equal(keyOf(login('office', 'secret')));
    const others = [login('office', 'wrong'), login('shop', 'secret'), hop('smtps://one.example')];
    for (const other of others) expect(keyOf(other)).to.not.equal(keyOf(login('office', 'secret')));
    expect(keyOf(login('office', 'secret'))).to.not.include('secret');
  });
});

describe('a relay of the configuration', () => {
  it('is another next hop by its token than by its password', () => {
    const urls = ['smtp://shop@relay.example', 'smtp://shop@relay.example?auth=oauth'];
    const [byPassword, byToken] = nextHops(urls.map(parseRelayUrl), 'secret').map(keyOf);
    expect(byPassword).to.not.equal(byToken);
  });

  it('logs in with the password as the user in its URL', () => {
    const relays = ['smtp://office@one.example', 'smtp://127.0.0.1:2525'].map(parseRelayUrl);
    const [first, second] = nextHops(relays, 'secret');
    expect(first?.credentials).to.deep.equal({ kind: 'password', user: 'office', password: 'secret' });
    expect(second).to.not.have.property('credentials');
  });

  it('is refused without one, with the words that mend it', () => {
    const relays = [parseRelayUrl('smtp://office@one.example')];
    for (const none of [undefined, ''])
      expect(() => nextHops(relays, none)).to.throw(NoPassword, /one\.example.*as office.*--relay-password-file/);
    expect(nextHops([parseRelayUrl('smtp://one.example')], undefined)).to.have.length(1);
  });
});
