/** Devices as an administrator lists them, on a database that no server runs on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { accountIn } from '../support/administration.js';
import { pennypost } from './pennypost.js';

describe('devices on the command line', () => {
  let directory = '';

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pennypost-devices-'));
    await accountIn(join(directory, 'mail.db'), 'office@example.org', 'a long secret');
  });

  after(() => rm(directory, { recursive: true, force: true }));

  const run = (...typed: readonly string[]) => pennypost(['device', ...typed], { directory });

  async function done(...typed: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await run(...typed);
    expect({ status, stderr }, typed.join(' ')).to.deep.equal({ status: 0, stderr: '' });
    return stdout;
  }

  it('are added with what they may do, shown, and removed', async () => {
    const rights = ['--account', 'office@example.org', '--from', 'scanner@example.org', '--rate', '100/h'];
    const limits = ['--max-size', '25MB', '--to-domains', 'a.example,B.example'];
    const added = await done('add', 'scanner', '--network', '192.168.1.20/32,fd00::/64', ...rights, ...limits);
    expect(added.split('\n')[0]).to.equal('scanner may hand mail in from 192.168.1.20/32, fd00::/64.');
    const shown = await done('show', 'Scanner');
    expect(shown)
      .to.match(/^account +office@example\.org$/m)
      .and.match(/^rate +100\/h$/m);
    expect(shown)
      .to.match(/^largest message +25000000 octets$/m)
      .and.match(/^to domains +a\.example b\.example$/m);
    expect(shown)
      .to.match(/^last mail +-$/m)
      .and.match(/^accepted today +0, 0 of its rate$/m);
    const [listed] = JSON.parse(await done('list', '--json')) as readonly Record<string, unknown>[];
    expect(listed).to.include({ name: 'scanner', account: 'office@example.org', from: 'scanner@example.org' });
    expect(JSON.stringify(listed)).to.not.contain('passwordVersion');
    await done('remove', 'scanner');
    expect((await run('show', 'scanner')).status).to.equal(1);
  });

  it('are shown with their rate as it is typed, and with whose addresses they send', async () => {
    for (const [name, rate, ...account] of [
      ['one', '10/5m', '--account', 'office@example.org'],
      ['two', '7/90s'],
      ['three', '2/d'],
    ] as const) {
      await done('add', name, '--network', '10.0.0.9', '--rate', rate, ...account);
      const from = account.length > 0 ? 'an address of office@example.org' : 'as it says';
      expect(await done('show', name)).to.match(new RegExp(`^from +${from}$[^]*^rate +${rate}$`, 'm'));
      await done('remove', name);
    }
  });

  it('are told where what they were given leads nowhere', async () => {
    const added = await done('add', 'cam', '--network', '10.0.0.1', '--from', 'cam@example.org');
    expect(added)
      .to.match(/^cam@example\.org has no mailbox here: .*'pennypost alias add cam@example\.org ACCOUNT'/m)
      .and.match(/^It reaches mailboxes here alone: --account lets it send to other domains\.$/m)
      .and.match(
        /^Nobody listens for it: --device-port is 0 \(of this command's configuration: no server is running\)/m,
      );
    const account = ['--account', 'office@example.org'];
    expect(await done('set', 'cam', ...account, '--from', 'cam@elsewhere.example'))
      .to.match(/^cam@elsewhere\.example is of no domain of this server: .* alias add \S+ office@example\.org'/m)
      .and.match(/^It reaches mailboxes here alone: outbound mail is off \(of this command's/m)
      .and.not.match(/disabled/);
    const ofAccount = (verb: string) => pennypost(['account', verb, 'office@example.org'], { directory });
    await ofAccount('disable');
    await done('remove', 'cam');
    expect(await done('add', 'cam', '--network', '10.0.0.1', ...account)).to.match(
      /^It reaches mailboxes here alone: office@example\.org is disabled; 'pennypost account enable office@example\.org'/m,
    );
    await ofAccount('enable');
    await done('remove', 'cam');
  });

  it('are changed in what is named, and keep the rest', async () => {
    await done('add', 'nas', '--network', '10.0.0.2', '--rate', '10/h', '--max-size', '5MB');
    expect(await done('set', 'NAS', '--network', '10.0.0.3', '--rate', 'none')).to.match(/^NAS is changed;/);
    const shown = await done('show', 'nas');
    expect(shown)
      .to.match(/^networks +10\.0\.0\.3$/m)
      .and.match(/^rate +any$/m)
      .and.match(/^largest message +5000000 octets$/m);
    expect((await run('set', 'nas')).stderr).to.match(/say what is to be changed: --network, --from/);
    expect((await run('set', 'other', '--rate', '1/h')).stderr).to.match(/no device other; 'pennypost device list'/);
    await done('remove', 'nas');
  });

  it('have no network of another, and say which one counts where one holds the other', async () => {
    await done('add', 'house', '--network', '192.168.1.0/24,fd00::/64');
    const same = await run('add', 'twin', '--network', '192.168.1.77/24');
    expect(same.status).to.equal(1);
    expect(same.stderr).to.match(
      /192\.168\.1\.77\/24 is that of the device house already; 'pennypost device set house/,
    );
    expect(await done('add', 'printer', '--network', '192.168.1.9')).to.match(
      /^Who comes from 192\.168\.1\.9 is printer, though 192\.168\.1\.0\/24 holds it too: the narrowest network counts\.$/m,
    );
    expect(await done('add', 'all', '--network', '192.168.0.0/16')).to.match(
      /^Who comes from 192\.168\.1\.9 is printer/m,
    );
    expect((await run('set', 'printer', '--network', 'fd00::5/64')).stderr).to.match(
      /that of the device house already/,
    );
    for (const name of ['house', 'printer', 'all']) await done('remove', name);
  });

  const mistakes: readonly (readonly [typed: readonly string[], said: RegExp])[] = [
    [['add', 'scanner'], /--network is missing/],
    [['add', 'scanner', '--network', 'none'], /at least one address/],
    [['add', 'scanner', '--network', '192.168.1'], /--network takes networks such as/],
    [['add', 'two words', '--network', '::1'], /no name for a device/],
    [['add', 'nas', '--network', '::1', '--rate', '100'], /--rate takes a number and a time such as 100\/h/],
    [['add', 'nas', '--network', '::1', '--rate', '0/h'], /--rate takes a number/],
    [['add', 'nas', '--network', '::1', '--from', 'nobody'], /no address/],
    [['add', 'nas', '--network', '::1', '--from', 'ä@example.org'], /--from takes an address of ASCII/],
    [['add', 'nas', '--network', '::1', '--account', 'nobody@example.org'], /no account nobody@example\.org/],
  ];
  for (const [typed, said] of mistakes)
    it(`refuses ${typed.join(' ')}`, async () => {
      const { status, stderr } = await run(...typed);
      expect(status).to.be.oneOf([1, 64]);
      expect(stderr).to.match(said);
    });
});
