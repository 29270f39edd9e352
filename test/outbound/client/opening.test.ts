/** From the first octet to the login: what each kind of server, certificate and answer leads to before a message is spoken of. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { NextHop } from '../../../src/outbound/client/next-hop.js';
import type { NotConnected } from '../../../src/outbound/client/outcome.js';
import type { CertifiedKey } from '../../../src/net/tls.js';
import { certificateOf } from '../../support/certificates.js';
import { ScriptedServer, type Script, type ScriptedSession } from '../../support/scripted-server.js';
import { clientOf, connected, envelopeOf, hopTo, MESSAGE, notConnected, sendTo, sourceOf } from './sending.js';

const shortMs = 300;
const client = clientOf({ deadlines: { greetingMs: shortMs, commandMs: shortMs, tlsMs: shortMs, connectMs: 2_000 } });

function brief({ kind, concerns, command, code = 0, status }: NotConnected): string {
  return `${kind} ${concerns} ${command} ${code} ${status}`;
}

describe('the opening of a connection', () => {
  let good: CertifiedKey;
  let expired: CertifiedKey;

  before(async () => {
    good = await certificateOf(['relay.example']);
    expired = await certificateOf(['relay.example'], { begins: -9, ends: -1 });
  });

  async function refused(script: Script, hop: Partial<NextHop> = {}, by = client): Promise<NotConnected> {
    const server = await ScriptedServer.start(script);
    try {
      return await notConnected(by.connect(hopTo(server.port, hop)));
    } finally {
      await server.stop();
    }
  }

  describe('in clear', () => {
    const says =
      (verb: RegExp, act: (session: ScriptedSession) => string | undefined): Script['answer'] =>
      (line, session) =>
        verb.test(line) ? act(session) : undefined;
    const table: readonly (readonly [what: string, script: Script, told: string])[] = [
      ['a greeting of 554', { greeting: '554 5.7.1 not you' }, 'failed connection greeting 554 5.7.1'],
      ['a greeting of 421', { greeting: '421 4.3.2 not now' }, 'deferred connection greeting 421 4.3.2'],
      ['a greeting of 250', { greeting: '250 hello' }, 'deferred connection greeting 250 4.5.0'],
      ['silence', { greeting: '' }, 'deferred connection greeting 0 4.4.2'],
      ['another protocol', { greeting: '+OK POP3 ready' }, 'deferred connection greeting 0 4.5.0'],
      [
        'an EHLO that ends it',
        { answer: says(/^EHLO/, (session) => (session.destroy(), '')) },
        'deferred connection EHLO 0 4.4.2',
      ],
      ['EHLO put off', { answer: says(/^EHLO/, () => '450 4.7.1 wait') }, 'deferred connection EHLO 450 4.7.1'],
      ['EHLO and HELO refused', { answer: says(/^(EHLO|HELO)/, () => '550 no') }, 'failed connection HELO 550 5.0.0'],
    ];
    for (const [what, script, told] of table)
      it(`tells of ${what}`, async () => {
        const failure = await refused(script);
        expect(brief(failure)).to.equal(told);
        expect(failure.remote).to.include({ host: '127.0.0.1', address: '127.0.0.1' });
      });

    it('says HELO to who knows no EHLO (RFC 5321 §3.2)', async () => {
      const { outcomes, server } = await sendTo({
        answer: (line) => (line.startsWith('EHLO') ? '502 5.5.1 what' : undefined),
      });
      expect(outcomes[0]?.kind).to.equal('delivered');
      expect(server.lines.slice(0, 3)).to.deep.equal([
        'EHLO client.example',
        'HELO client.example',
        'MAIL FROM:<sender@example.org>',
      ]);
    });

    it('tells of who is not there', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as AddressInfo;
      await new Promise((resolve) => server.close(resolve));
      expect(await notConnected(client.connect(hopTo(port)))).to.deep.equal({
        kind: 'deferred',
        concerns: 'connection',
        command: 'connect',
        status: '4.4.1',
        text: '127.0.0.1 refuses connections (ECONNREFUSED)',
        remote: { host: '127.0.0.1' },
      });
      const nobody = hopTo(25, { endpoint: { kind: 'network', host: 'nobody.invalid', port: 25 } });
      expect(await notConnected(client.connect(nobody))).to.include({ kind: 'deferred', command: 'connect' });
      const nowhere = hopTo(25, { endpoint: { kind: 'unix', path: '/nowhere/lmtp.sock' }, protocol: 'lmtp' });
      expect((await notConnected(client.connect(nowhere))).text).to.match(/^there is no socket \/nowhere\/lmtp.sock/);
    });

    it('is given up by a signal, before and while it waits', async () => {
      const server = await ScriptedServer.start({ greeting: '' });
      const abort = new AbortController();
      const opening = notConnected(clientOf().connect(hopTo(server.port), abort.signal));
      setTimeout(() => abort.abort(), 50);
      expect(await opening).to.include({ kind: 'deferred', status: '4.3.2' });
      expect(await notConnected(clientOf().connect(hopTo(server.port), abort.signal))).to.include({ status: '4.3.2' });
      await server.stop();
    });

    it('reaches a Unix socket with LMTP', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'pennypost-lmtp-'));
      const path = join(directory, 'lmtp.sock');
      const server = await ScriptedServer.start({ path, lmtp: true });
      try {
        const hop: NextHop = { protocol: 'lmtp', endpoint: { kind: 'unix', path }, tls: 'none' };
        const connection = await connected(client.connect(hop));
        const { outcomes } = await connection.send(envelopeOf(), sourceOf());
        await connection.quit();
        expect(outcomes[0]).to.deep.include({ kind: 'delivered', remote: { host: path } });
        expect(server.lines[0]).to.equal('LHLO client.example');
        expect(server.messages[0]?.equals(MESSAGE)).to.equal(true);
      } finally {
        await server.stop();
        rmSync(directory, { recursive: true });
      }
    });
  });

  describe('under TLS', () => {
    const required = { tls: 'required', tlsName: 'relay.example' } as const;
    const trusting = (certificates: readonly CertifiedKey[]) =>
      clientOf({
        certificateAuthorities: certificates.map(({ certificate }) => certificate),
        deadlines: { tlsMs: shortMs, commandMs: shortMs },
      });

    it('goes on with a certificate of the right name, and asks again what the server can', async () => {
      const script: Script = { identity: good, extensions: ['STARTTLS', 'PIPELINING'] };
      const { outcomes, server } = await sendTo(script, { hop: required, client: trusting([good]) });
      expect(outcomes[0]).to.deep.include({ kind: 'delivered' });
      expect(outcomes[0]?.remote.tls).to.equal('TLSv1.3');
      expect(server.lines.slice(0, 4)).to.deep.equal([
        'EHLO client.example',
        'STARTTLS',
        'EHLO client.example',
        'MAIL FROM:<sender@example.org>',
      ]);
      expect(server.messages[0]?.equals(MESSAGE)).to.equal(true);
    });

    it('begins with the first octet where that is wanted', async () => {
      const script: Script = { identity: good, implicitTls: true };
      const hop = { ...required, tls: 'implicit' } as const;
      const { outcomes, server } = await sendTo(script, { hop, client: trusting([good]) });
      expect(outcomes[0]?.remote.tls).to.equal('TLSv1.3');
      expect(server.lines).to.not.include('STARTTLS');
      const failure = await refused(script, hop);
      expect(brief(failure)).to.equal('deferred connection TLS 0 4.7.5');
    });

    it('ends where it is required and cannot be had, and nothing was said before', async () => {
      const plain = await ScriptedServer.start({ extensions: ['AUTH PLAIN'] });
      const credentials = { kind: 'password', user: 'u', password: 'secret' } as const;
      const failure = await notConnected(client.connect(hopTo(plain.port, { ...required, credentials })));
      await plain.stop();
      expect(brief(failure)).to.equal('deferred connection STARTTLS 0 4.7.4');
      expect(failure.text).to.include('?tls=none');
      expect(plain.lines.filter((line) => /AUTH|MAIL/.test(line))).to.deep.equal([]);
      const refusing = {
        extensions: ['STARTTLS'],
        answer: (line: string) => (line === 'STARTTLS' ? '554 no' : undefined),
      };
      expect(brief(await refused(refusing, required))).to.equal('deferred connection STARTTLS 554 5.0.0');
    });

    it('tells why a certificate is not taken, and mail waits', async () => {
      const other = await certificateOf(['other.example']);
      for (const [identity, by, told] of [
        [good, client, /signed by itself.*DEPTH_ZERO_SELF_SIGNED_CERT/],
        [other, trusting([other]), /not for relay.example.*ERR_TLS_CERT_ALTNAME_INVALID/],
        [expired, trusting([expired]), /has expired.*CERT_HAS_EXPIRED/],
      ] as const) {
        const failure = await refused({ identity, extensions: ['STARTTLS'] }, required, by);
        expect(brief(failure)).to.equal('deferred connection TLS 0 4.7.5');
        expect(failure.text).to.match(told);
      }
    });

    it('takes any certificate where TLS is only better than nothing, and does without where it fails', async () => {
      const taken = await sendTo({ identity: good, extensions: ['STARTTLS'] });
      expect(taken.outcomes[0]?.remote.tls).to.equal('TLSv1.3');
      const broken: Script = {
        extensions: ['STARTTLS'],
        answer: (line, session) => (line === 'STARTTLS' ? session.end('220 go on', 'no TLS at all') : undefined),
      };
      const without = await sendTo({ ...broken, identity: good });
      expect(without.outcomes[0]).to.include({ kind: 'delivered' });
      expect(without.outcomes[0]?.remote.tls).to.equal(undefined);
      expect(without.server.sessions).to.have.length(2);
      const refusing = {
        extensions: ['STARTTLS'],
        answer: (line: string) => (line === 'STARTTLS' ? '454 no' : undefined),
      };
      expect((await sendTo(refusing)).outcomes[0]).to.include({ kind: 'delivered' });
    });

    it('is not waited for without an end', async () => {
      const script: Script = {
        extensions: ['STARTTLS'],
        answer(line, session) {
          if (line === 'STARTTLS') session.pause();
          return undefined;
        },
        identity: good,
      };
      const silent: Script = {
        ...script,
        answer: (line, session) => (line === 'STARTTLS' ? (session.say('220 go on'), '') : undefined),
      };
      const failure = await refused(silent, required);
      expect(failure.text).to.include('TLS_TIMEOUT');
    });

    it('forgets what was said in clear behind the answer to STARTTLS', async () => {
      for (const injected of ['250-evil\r\n250 AUTH PLAIN\r\n', '250-AUTH PL', '421 go away\r\n', '\0\0\0\r\n']) {
        const script: Script = {
          identity: good,
          extensions: ['STARTTLS', 'SIZE 1000'],
          answer(line, session) {
            if (line !== 'STARTTLS') return undefined;
            session.write(`220 go on\r\n${injected}`);
            session.secure();
            return '';
          },
        };
        const { outcomes, server } = await sendTo(script, { hop: required, client: trusting([good]) });
        expect(outcomes[0]?.kind, injected).to.equal('delivered');
        expect(server.lines[2]).to.equal('EHLO client.example');
      }
    });
  });
});
