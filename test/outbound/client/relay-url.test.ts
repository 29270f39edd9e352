/** A next hop as an operator writes it: what each URL means, and what each wrong one is told. */
import { expect } from 'chai';
import { parseRelayUrl, UnfitRelayUrl } from '../../../src/outbound/client/relay-url.js';

describe('the URL of a relay', () => {
  const hop = (text: string) => parseRelayUrl(text).nextHop;

  it('requires STARTTLS of a host that is another machine', () => {
    expect(parseRelayUrl('smtp://office@example.org@Relay.Example.ORG:2587')).to.deep.equal({
      nextHop: {
        protocol: 'smtp',
        endpoint: { kind: 'network', host: 'relay.example.org', port: 2587 },
        tls: 'required',
      },
      user: 'office@example.org',
    });
    expect(hop('smtp://127.example.org').tls).to.equal('required');
    expect(hop('smtp://127.1').tls).to.equal('required');
    expect(hop('lmtp://store.example.org').tls).to.equal('required');
  });

  it('lets this machine do without, and whoever says so', () => {
    for (const host of ['localhost', '127.0.0.1', '127.3.2.1', '[::1]', '[0:0:0:0:0:0:0:1]'])
      expect(hop(`smtp://${host}`).tls, host).to.equal('opportunistic');
    expect(hop('smtp://relay.example.org?tls=none').tls).to.equal('none');
    expect(hop('smtp://localhost?tls=required').tls).to.equal('required');
    expect(hop('smtp://relay.example.org/?tls=opportunistic').tls).to.equal('opportunistic');
  });

  it('knows a port for each scheme', () => {
    expect(hop('smtp://a.example').endpoint).to.deep.equal({ kind: 'network', host: 'a.example', port: 587 });
    expect(hop('smtps://a.example').endpoint).to.deep.equal({ kind: 'network', host: 'a.example', port: 465 });
    expect(hop('lmtp://a.example').endpoint).to.deep.equal({ kind: 'network', host: 'a.example', port: 24 });
    expect(hop('smtps://a.example')).to.include({ protocol: 'smtp', tls: 'implicit' });
    expect(hop('smtp://[2001:db8::1]:25').endpoint).to.deep.include({ host: '2001:db8::1', port: 25 });
  });

  it('takes a socket for LMTP', () => {
    const expected = { protocol: 'lmtp', endpoint: { kind: 'unix', path: '/run/a b%20.sock' }, tls: 'none' };
    expect(parseRelayUrl('lmtp:/run/a b%20.sock')).to.deep.equal({ nextHop: expected });
  });

  it('takes the name that the certificate has', () => {
    expect(hop('smtp://192.0.2.1?tls-name=Mail.Example.org').tlsName).to.equal('mail.example.org');
  });

  it('decodes the user', () => {
    expect(parseRelayUrl('smtp://DOM%5cj%C3%BCrgen@a.example').user).to.equal('DOM\\jürgen');
    expect(parseRelayUrl('smtp://@a.example').user).to.equal(undefined);
  });

  it('names the fix for what it does not take', () => {
    for (const [text, fix] of [
      ['relay.example.org', /such as smtp:\/\/.*not 'relay.example.org'/],
      ['', /such as smtp:/],
      ['http://relay.example.org', /http: is none of these/],
      ['smtp:relay.example.org', /such as smtp:/],
      ['smtp://', /such as smtp:/],
      ['smtp://a..b', /name or the address of a host/],
      ['smtp://a.example:0', /port from 1 to 65535/],
      ['smtp://a.example:99999', /such as smtp:/],
      ['smtp://a.example/inbox', /nothing behind the host/],
      ['smtp://a.example#x', /nothing behind the host/],
      ['smtp://a.example?tls=maybe', /none, opportunistic, required/],
      ['smtp://a.example?tls=none&tls=none', /each once/],
      ['smtp://a.example?starttls=no', /\?tls=, \?tls-name= and \?auth=/],
      ['smtp://a.example?auth=oauth', /with the user before the @/],
      ['smtp://user@a.example?auth=plain', /\?auth=oauth alone/],
      ['smtp://a.example?tls-name=a b', /name of a host behind tls-name/],
      ['smtps://a.example?tls=none', /write smtp: instead/],
      ['smtp://a%b@a.example', /%25/],
      ['smtp://a%0D%0Ab@a.example', /control characters/],
      ['smtp://a.example\r\n', /such as smtp:/],
      [`lmtp:/${'x'.repeat(200)}`, /at most 107 octets/],
      ['lmtp:run/socket', /such as smtp:/],
    ] as const)
      expect(() => parseRelayUrl(text), text).to.throw(UnfitRelayUrl, fix);
  });

  it('refuses a password, and repeats none', () => {
    for (const text of [
      'smtp://user:s3cret@a.example',
      'smtp://user:s3cret@',
      'http://user:s3cret@a',
      'user:s3cret@host',
    ])
      expect(() => parseRelayUrl(text), text)
        .to.throw(UnfitRelayUrl)
        .that.satisfies(({ message }: Error) => !message.includes('s3cret'));
    expect(() => parseRelayUrl('smtp://user:s3cret@a.example')).to.throw(UnfitRelayUrl, /in a file of its own/);
  });
});
