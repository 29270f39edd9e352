/** `pennypost fetch`, and the process that fetches: one server whose own maildrops are those of "another server". */
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { formatAddress } from '../../src/message/mailbox.js';
import type { CollectorLogin } from '../../src/store/collectors.js';
import { driverOf } from '../../src/store/open.js';
import { mailIn, mailOf } from '../support/administration.js';
import { corpus } from '../support/corpus.js';
import { eventually } from '../support/eventually.js';
import { Server } from '../support/server.js';

const MESSAGES = 5;

describe('pennypost fetch', () => {
  let server: Server;
  let url = '';

  before(async () => {
    server = await Server.start({ workers: 1, arguments: ['--domain', 'example.org'] });
    for (const name of ['secret', 'mistyped']) writeFileSync(join(server.directory, name), `${name}\n`);
    await mailIn(server.db, 'alice@example.org', [...corpus(MESSAGES)]);
    await server.addAccount('bob@example.org', 'secret');
    url = `pop3://alice%40example.org@127.0.0.1:${server.pop3Port}`;
  });

  after(() => server.release());

  const octets = async (name: string) => (await mailOf(server.db, name)).map((one) => one.octets);
  const fetchers = async () => (await server.status()).processes.filter(({ role }) => role === 'fetcher');
  const secret = () => ['--password-file', join(server.directory, 'secret')];

  async function collector(id: number): Promise<CollectorLogin | undefined> {
    const store = await driverOf(server.db).open(server.db);
    try {
      return await store.collectors.findCollector(id);
    } finally {
      await store.close();
    }
  }

  it('has no process before there is a collector, fetches with the first, and once; killed, it is there again', async () => {
    expect(await fetchers()).to.deep.equal([]);
    const added = await server.run('fetch', 'add', url, '--into', 'bob@example.org', ...secret());
    expect(added.stderr + added.stdout).to.match(/^Collector 1 fetches from pop3:.* into bob@example\.org every 15m /);
    await eventually('a run', async () => (await collector(1))?.lastRunAtMs);
    expect(await octets('bob@example.org')).to.deep.equal(await octets('alice@example.org'));
    const [fetcher] = await fetchers();
    expect(fetcher?.counts).to.deep.equal({ running: 0, fetched: MESSAGES });
    process.kill(fetcher?.pid ?? 0, 'SIGKILL');
    await eventually('another', async () =>
      (await fetchers()).find(({ pid, state }) => pid !== fetcher?.pid && state === 'ready'),
    );
    const again = await server.run('fetch', 'run', '1');
    expect(again.stdout + again.stderr).to.equal('Fetched 0 messages into bob@example.org.\n');
    expect(await octets('alice@example.org')).to.have.length(MESSAGES);
  });

  it('removes there what is here, when it is told to', async () => {
    await server.run('fetch', 'set', '1', '--remove-after', '1h');
    const late = await eventually('a run', async () => {
      const found = await collector(1);
      return found !== undefined && (found.lastRunAtMs ?? 0) > found.version && found;
    });
    expect(await octets('alice@example.org')).to.have.length(MESSAGES);
    await server.run('fetch', 'set', '1', '--remove-after', '0s');
    await eventually('a run', async () => ((await collector(1))?.lastRunAtMs ?? 0) > (late.lastRunAtMs ?? 0));
    expect(await octets('alice@example.org')).to.deep.equal([]);
    expect(await octets('bob@example.org')).to.have.length(MESSAGES);
  });

  it('says that a password is refused, shows none, and waits an hour', async () => {
    await server.run('fetch', 'set', '1', '--password-file', join(server.directory, 'mistyped'));
    const failed = await eventually('a failure', async () => {
      const found = await collector(1);
      return found?.failure !== undefined && found;
    });
    expect(failed.failure?.kind).to.equal('login');
    expect(failed.nextRunAtMs - (failed.lastRunAtMs ?? 0)).to.equal(3_600_000);
    await eventually('a problem', async () =>
      (await server.status()).problems.find((one) =>
        /^collector 1 \(pop3:.*refuses the password.*'pennypost fetch set 1 --password-file FILE'/.test(one),
      ),
    );
    const [shown, listed] = [await server.do('fetch', 'show', '1'), await server.do('fetch', 'list', '--json')];
    expect(shown).to.match(/^failed +\S+ \S+: 127\.0\.0\.1 refuses the password: /m);
    expect((JSON.parse(listed) as { into: string }[])[0]?.into).to.equal(formatAddress(failed.into));
    expect(shown + listed + server.logs).to.not.include('mistyped');
  });

  it('ends the process with the last collector', async () => {
    await server.do('fetch', 'remove', '1');
    await eventually('its end', async () => (await fetchers()).length === 0);
    expect((await server.status()).problems).to.deep.equal([]);
    expect((await server.run('fetch', 'run', '1')).stderr).to.match(/There is no collector 1;/);
  });

  it('breaks off what a silent server holds up, at a reload and when its collector is removed', async () => {
    const silent = createServer().unref();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    await server.do('fetch', 'add', `pop3://user@127.0.0.1:${port}`, '--into', 'bob@example.org', ...secret());
    const [first] = await eventually('a run', async () => {
      const all = await fetchers();
      return all[0]?.counts?.['running'] === 1 && all;
    });
    await server.do('reload');
    await eventually('another alone', async () => {
      const all = await fetchers();
      return all.length === 1 && all[0]?.pid !== first?.pid;
    });
    await server.do('fetch', 'remove', '1');
    await eventually('its end', async () => (await fetchers()).length === 0);
    silent.close();
  });
});
