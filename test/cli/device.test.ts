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
    expect(await done('add', 'scanner', '--network', '192.168.1.20/32,fd00::/64', ...rights, ...limits)).to.equal(
      'scanner may hand mail in from 192.168.1.20/32, fd00::/64.\n',
    );
    const shown = await done('show', 'Scanner');
    expect(shown)
      .to.match(/^account +office@example\.org$/m)
      .and.match(/^rate +100 in 3600 s$/m);
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
