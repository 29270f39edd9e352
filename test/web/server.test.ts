/** The web process beside the others: where it listens, whom it refuses, how it is replaced and ends, and that mail never waits for it. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, connect, type Server as NetServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { eventually } from '../support/eventually.js';
import { ask, type HttpAnswer } from '../support/http-client.js';
import { demand, fetchAll, sendData, smtpSession } from '../support/mail-clients.js';
import { isAlive } from '../support/processes.js';
import { metricFamilies } from '../../src/web/metric-families.js';
import { POSTMASTER, ROOT, Server, somePorts } from '../support/server.js';

describe('the web process', () => {
  let server: Server;
  let tlsPort: number;

  before(async () => {
    [tlsPort = 0] = await somePorts(1);
    const more = ['--web-tls-port', String(tlsPort), '--web-names', 'mail.example.org'];
    const trusted = ['--web-proxy-networks', '127.0.0.2'];
    server = await Server.start({ web: true, workers: 1, arguments: [...more, ...trusted] });
  });

  after(() => server.release());

  const get = (path: string, headers = {}): Promise<HttpAnswer> => ask(server.webPort, { path, headers });
  const web = async () =>
    (await server.status()).processes.find(({ role, state }) => role === 'web' && state === 'ready');

  it('is shown in status and in the banner, with the link to follow', async () => {
    expect(server.stdout).to.include(`  WEB  http://localhost:${server.webPort}/\n`);
    expect(server.stdout).to.include(`  WEB  https://localhost:${tlsPort}/\n`);
    const { listeners, healthy } = await server.status();
    expect(healthy).to.equal(true);
    expect(listeners).to.deep.include({ protocol: 'web', host: '127.0.0.1', port: server.webPort });
    expect(listeners).to.deep.include({ protocol: 'web-tls', host: '::1', port: tlsPort });
    expect((await web())?.counts?.['requests']).to.be.a('number');
  });

  it('answers by HTTP and HTTPS, on IPv4 and IPv6', async () => {
    for (const host of ['127.0.0.1', '::1'])
      for (const [port, isSecure] of [
        [server.webPort, false],
        [tlsPort, true],
      ] as const)
        expect((await ask(port, { path: '/livez', host, isSecure })).text).to.equal('{"live":true}');
  });

  it('tells browsers to load nothing from elsewhere, with every answer', async () => {
    for (const path of ['/livez', '/nothing/here']) {
      const { headers } = await get(path);
      expect(headers['content-security-policy']).to.match(/^default-src 'none'; script-src 'self';/);
      expect(headers['x-content-type-options']).to.equal('nosniff');
      expect(headers['cache-control']).to.equal('no-store');
      expect(headers).to.not.have.property('access-control-allow-origin');
    }
    expect((await get('/nothing/here')).status).to.equal(404);
  });

  it('gives the page at every path of it, and its files under names that change with them', async () => {
    for (const path of ['/', '/settings', '/message/12?start=50'])
      expect((await get(path)).headers['content-type'], path).to.equal('text/html; charset=utf-8');
    const { text, headers } = await get('/');
    expect(headers['content-security-policy'])
      .to.include("script-src 'self';")
      .and.not.match(/script-src[^;]*unsafe/);
    const files = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
    expect(files).to.have.length(2);
    let octets = 0;
    for (const path of files) {
      const file = await get(path);
      expect(file.headers['cache-control']).to.include('immutable');
      octets += gzipSync(file.text).length;
    }
    expect(octets).to.be.within(10_000, 150_000);
    expect((await get('/assets/page-0000.js')).status).to.equal(404);
    expect((await get('/assets/..%2f..%2froutes.js')).status).to.equal(404);
  });

  it('refuses a Host that is no name of the server (DNS rebinding), and takes its own names', async () => {
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'user@localhost', 'a/b'])
      expect((await get('/livez', { host })).status, host).to.be.oneOf([400, 421]);
    expect((await get('/livez', { host: 'evil.example:8025' })).text).to.include('--web-names');
    for (const host of ['localhost', 'LOCALHOST:8025', 'app.localhost', '192.0.2.1', '[::1]:1', 'mail.example.org'])
      expect((await get('/livez', { host })).status, host).to.equal(200);
  });

  it('believes what a trusted proxy forwards, and nobody else', async () => {
    const forwarded = { 'x-forwarded-host': 'evil.example' };
    expect((await get('/livez', forwarded)).status).to.equal(200);
    const byProxy = ask(server.webPort, { path: '/livez', headers: forwarded, localAddress: '127.0.0.2' });
    expect((await byProxy).status).to.equal(421);
  });

  it('is ready when everything is, and says what is wrong, or waits for it', async () => {
    expect((await get('/readyz')).text).to.equal('{"ready":true,"problems":[]}');
    expect((await get('/readyz?wait=30s')).status).to.equal(200);
    const refused = await get('/readyz?wait=soon');
    expect(refused.status).to.equal(400);
    expect(refused.text).to.match(/^{"error":"wait: /);
    const store = (await server.status()).store?.pid ?? NaN;
    process.kill(store, 'SIGSTOP');
    try {
      const silent = await eventually('it not to be ready', async () => {
        const found = await get('/readyz');
        return found.status === 503 ? found : undefined;
      });
      expect(silent.text).to.include(`store ${store} does not answer`);
    } finally {
      process.kill(store, 'SIGCONT');
    }
    expect((await get('/readyz?wait=30s')).status).to.equal(200);
  });

  it('counts and measures what every process does, in the format of Prometheus', async () => {
    const smtp = await smtpSession(server.smtpPort);
    await sendData(smtp, POSTMASTER, Buffer.from('Subject: counted\r\n\r\n'));
    await demand(smtp, 'RCPT TO:<nobody@localhost>', 503);
    await fetchAll(server.pop3Port, POSTMASTER, server.password);
    const { status, headers, text } = await get('/metrics');
    expect([status, headers['content-type']]).to.deep.equal([200, 'text/plain; version=0.0.4; charset=utf-8']);
    for (const role of ['supervisor', 'store', 'worker', 'web'])
      expect(text).to.match(
        new RegExp(`^pennypost_process_resident_memory_bytes{role="${role}",pid="\\d+"} \\d{7,}$`, 'm'),
      );
    for (const line of [
      /^pennypost_ready 1$/m,
      /^pennypost_messages_received_total{protocol="smtp",role="worker",pid="\d+"} [1-9]/m,
      /^pennypost_messages_retrieved_total{protocol="pop3",.*} [1-9]/m,
      /^pennypost_refusals_total{protocol="smtp",code="5.5.1",.*} [1-9]/m,
      /^pennypost_logins_total{protocol="pop3",outcome="accepted",.*} [1-9]/m,
      /^pennypost_commit_seconds_bucket{le="\+Inf"} [1-9]/m,
      /^pennypost_queue_recipients{state="deferred"} 0$/m,
      /^pennypost_certificate_not_after_seconds{name=".+"} \d{10}$/m,
      /^# TYPE pennypost_commit_writes histogram$/m,
    ])
      expect(text).to.match(line);
    smtp.destroy();
  });

  it('has a dashboard that shows what there is', async () => {
    const dashboard = await readFile(`${ROOT}docs/grafana-dashboard.json`, 'utf8');
    const shown = new Set(
      [...dashboard.matchAll(/pennypost_(\w+?)(?:_bucket|_sum|_count)?\b(?!")/g)].map(([, name]) => name),
    );
    expect(shown.size).to.be.above(15);
    expect(Object.keys(metricFamilies)).to.include.members([...shown]);
  });

  it('tells what it has counted to this machine alone', async () => {
    expect((await get('/metrics', { 'x-forwarded-for': '198.51.100.7' })).status).to.equal(403);
    const byProxy = { path: '/metrics', localAddress: '127.0.0.2' };
    expect((await ask(server.webPort, { ...byProxy, headers: { 'x-forwarded-for': '198.51.100.7' } })).status).to.equal(
      403,
    );
    expect((await ask(server.webPort, byProxy)).status).to.equal(200);
  });

  it('is replaced on a reload without a refused connection, and finishes what it has begun', async () => {
    const before = await web();
    const waiting = connect(server.webPort, '127.0.0.1');
    waiting.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n'); // Not whole yet.
    await once(waiting, 'connect');
    await eventually('it to be served', async () => ((await web())?.counts?.['requests'] ?? 0) > 0);
    server.signal('SIGHUP');
    await eventually('another to be ready', async () => {
      expect((await get('/livez')).status).to.equal(200);
      return (await web())?.pid !== before?.pid;
    });
    waiting.write('Connection: close\r\n\r\n');
    const [first] = (await once(waiting, 'data')) as [Buffer];
    expect(first.toString()).to.match(/^HTTP\/1\.1 200 /);
    await eventually('the old one to end', () => !isAlive(before?.pid ?? NaN));
  });

  it('is started again when it is killed, and mail goes on meanwhile', async () => {
    const before = await web();
    process.kill(before?.pid ?? NaN, 'SIGKILL');
    await sendData(await smtpSession(server.smtpPort), POSTMASTER, Buffer.from('Subject: beside\r\n\r\n'));
    await eventually('another to answer', () =>
      get('/livez')
        .then(({ status }) => status === 200)
        .catch(() => false),
    );
    expect((await web())?.pid).to.not.equal(before?.pid);
  });

  it('refuses headers without an end, and closes', async () => {
    const { status } = await get('/livez', { 'x-long': 'a'.repeat(20_000) });
    expect(status).to.equal(431);
  });

  describe('where another program has its port', () => {
    let other: NetServer;

    before(async () => {
      other = createServer().listen(8025, '127.0.0.1');
      await once(other, 'listening').catch(() => undefined); // Or somebody else has it.
    });

    after(() => other.close());

    it('does not start when that was asked for, and names the option', async () => {
      const refused = await Server.launch({ environment: { PENNYPOST_WEB_PORT: '8025' } });
      expect((await refused.end()).status).to.equal(69);
      expect(refused.stderr).to.match(/port 8025 for WEB: another program is using it; .* --web-port$/m);
      await refused.release();
    });

    it('lets mail go on when nobody asked for it, and listens there when it is free', async () => {
      const left = await Server.start({ workers: 1, environment: { PENNYPOST_WEB_PORT: 'auto' } });
      try {
        expect(left.stdout).to.match(/ WEB {2}(nowhere yet: another program uses port 8025|http:\/\/localhost:8025)/);
        expect((await left.status()).healthy).to.equal(true);
      } finally {
        await left.release();
      }
    });
  });
});
