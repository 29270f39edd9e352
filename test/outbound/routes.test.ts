import { expect } from 'chai';
import type { NextHop } from '../../src/outbound/client/next-hop.js';
import { parseRelayUrl } from '../../src/outbound/client/relay-url.js';
import { nextHops, NoPassword } from '../../src/outbound/relays.js';
import { errorRoute, RouteTable, type Route } from '../../src/outbound/routes.js';

const hop = (url: string): NextHop => parseRelayUrl(url).nextHop;
const to = (...urls: readonly string[]): Route => ({ kind: 'hops', hops: urls.map(hop) });

describe('a route', () => {
  const relays = ['smtp://one.example', 'smtp://two.example'];
  const table = new RouteTable(relays.map(hop), [
    { of: 'destination', domain: 'Example.com', route: to('lmtp:/run/lmtp.sock') },
    { of: 'destination', domain: '*.example.com', route: { kind: 'hold', text: 'held' } },
    { of: 'destination', domain: '*.deep.example.com', route: errorRoute('no mail there') },
    { of: 'sender', domain: 'shop.example', route: to('smtps://shop.example') },
  ]);

  it('is that of the relays, in order of preference, where there is no other', () => {
    expect(table.route('example.net', 'a@example.org')).to.deep.equal(to(...relays));
    expect(table.route('example.net', '')).to.deep.equal(to(...relays));
    expect(table.route('notexample.com', '')).to.deep.equal(to(...relays));
  });

  it("is the destination's own, or that of the names below one, the nearest first", () => {
    expect(table.route('example.com', '')).to.deep.equal(to('lmtp:/run/lmtp.sock'));
    expect(table.route('mail.example.com', '')).to.deep.equal({ kind: 'hold', text: 'held' });
    expect(table.route('a.b.deep.example.com', '')).to.include({ kind: 'error', text: 'no mail there' });
    expect(table.route('deep.example.com', '')).to.include({ kind: 'hold' });
  });

  it("is that of the sender's domain, where the destination has none", () => {
    expect(table.route('example.net', 'till@Shop.Example')).to.deep.equal(to('smtps://shop.example'));
    expect(table.route('example.com', 'till@shop.example')).to.deep.equal(to('lmtp:/run/lmtp.sock'));
  });

  it('holds mail where there is no relay any more', () => {
    expect(new RouteTable([]).route('example.net', '').kind).to.equal('hold');
  });

  it('may be an error with an enhanced code of its own', () => {
    expect(errorRoute('5.1.2 No such domain')).to.deep.equal({
      kind: 'error',
      status: '5.1.2',
      text: 'No such domain',
    });
    expect(errorRoute('4.1.2 Later')).to.include({ status: '5.1.2' });
    expect(errorRoute(' ')).to.include({ status: '5.7.1', text: 'No mail is sent to this destination' });
  });
});

describe('a relay of the configuration', () => {
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
