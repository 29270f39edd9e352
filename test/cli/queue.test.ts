/** The queue as an administrator sees and changes it, on a database that no server runs on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RemoteRecipient } from '../../src/store/deliveries.js';
import { driverOf } from '../../src/store/open.js';
import { pennypost } from './pennypost.js';

const DAY_MS = 86_400_000;

/** Of two recipients, or of one that is named in it. */
function traceOf([first, ...others]: readonly RemoteRecipient[]): Uint8Array {
  const end = others.length > 0 ? ';' : `\r\n\tfor <${first?.recipient}>;`;
  return Buffer.from(
    `Received: from here\r\n\tby here with ESMTP id mx3on2yd-1.1-${others.length + 1}${end}\r\n\tnow\r\n`,
  );
}

describe('the queue on the command line', () => {
  let directory = '';

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pennypost-queue-'));
    const store = await driverOf(join(directory, 'mail.db')).open(join(directory, 'mail.db'));
    const queue = async (reversePath: string, atMs: number, ...recipients: readonly RemoteRecipient[]) => {
      const times = { firstAttemptAtMs: atMs + DAY_MS * 9, expiresAtMs: atMs + DAY_MS * 10 };
      const kind = { bodyKind: '7bit', smtputf8: false, requireTls: false } as const;
      const outgoing = { trace: traceOf(recipients), ...times, ...kind };
      const delivery = store.deliver({ reversePath, receivedAtMs: atMs, recipients, outgoing });
      await delivery.write(Buffer.from('Subject: hello\r\n\r\ntext\r\n'));
      await delivery.commit();
    };
    await queue('alice@localhost', Date.now() - 3 * DAY_MS, to('bob', 'one.example'), to('carol', 'two.example'));
    await queue('', Date.now(), to('dave', 'two.example'));
    await store.close();
  });

  after(() => rm(directory, { recursive: true, force: true }));

  function to(local: string, destination: string): RemoteRecipient {
    return { kind: 'remote', recipient: `${local}@${destination}`, destination };
  }

  function run(...typed: readonly string[]) {
    return pennypost(typed, { directory });
  }

  async function done(...typed: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await run(...typed);
    expect({ status, stderr }, typed.join(' ')).to.deep.equal({ status: 0, stderr: '' });
    return stdout;
  }

  async function recipients(...flags: readonly string[]): Promise<readonly string[]> {
    const found = JSON.parse(await done('queue', 'list', '--json', ...flags)) as readonly { recipient: string }[];
    return found.map(({ recipient }) => recipient);
  }

  it('is listed by each of its filters', async () => {
    expect(await done('queue', 'list')).to.match(/^id +state .*\n *1 .*alice@localhost +bob@one\.example/);
    expect(await recipients('--domain', 'two.example')).to.deep.equal(['carol@two.example', 'dave@two.example']);
    expect(await recipients('--from', '<>')).to.deep.equal(['dave@two.example']);
    expect(await recipients('--from', 'alice@localhost', '--to', 'carol@two.example')).to.have.length(1);
    expect(await recipients('--older-than', '2d')).to.have.length(2);
    expect(await recipients('--state', 'hold')).to.be.empty;
  });

  it('shows one recipient, and knows which numbers it never gave', async () => {
    expect(await done('queue', 'show', '2'))
      .to.match(/to +carol@two\.example\n/)
      .and.match(/\nat +outcome/);
    expect((await run('queue', 'show', '99')).stderr).to.match(/Nothing is known of number 99/);
  });

  it('shows and changes all recipients of what a 250 named', async () => {
    expect(await done('queue', 'show', 'mx3on2yd-1.1-2')).to.match(
      /^to +bob@one\.example(.|\n)*^to +carol@two\.example/m,
    );
    const found = JSON.parse(await done('queue', 'show', 'mx3on2yd-1.1-1', '--json')) as readonly { id: number }[];
    expect(found.map(({ id }) => id)).to.deep.equal([3]);
    expect(await done('queue', 'hold', 'mx3on2yd-1.1-2', '3', 'mx3on2yd-1.1-3')).to.equal(
      '3 recipients put on hold.\nNot changed: nothing waits of mx3on2yd-1.1-3.\n',
    );
    expect((await run('queue', 'retry', 'mx3on2yd-1.1-2')).stderr).to.match(/1 is on hold.*; 2 is on hold/);
    expect(await done('queue', 'release', 'mx3on2yd-1.1-1', 'mx3on2yd-1.1-2')).to.equal('3 recipients released.\n');
  });

  it('says where mail is found that has left, to who gives the id of a 250 or sees an empty list', async () => {
    expect((await run('queue', 'show', 'mx3on2yd-1.1-11')).stderr).to.match(/select \* from deliveries/);
    expect(await done('queue', 'list', '--state', 'corrupt')).to.match(
      /^id .*\nNone waits; .*select \* from deliveries\n$/,
    );
  });

  it('is held, released and removed by number and by filter', async () => {
    expect(await done('queue', 'hold', '1', '3')).to.equal('2 recipients put on hold.\n');
    expect(await recipients('--state', 'hold')).to.deep.equal(['bob@one.example', 'dave@two.example']);
    expect(await done('queue', 'release', '--domain', 'two.example')).to.equal('1 recipient released.\n');
    expect(await recipients('--state', 'hold')).to.deep.equal(['bob@one.example']);
    const removal = await run('queue', 'remove', '--domain', 'one.example');
    expect(removal.stderr).to.match(/--yes/);
    expect(removal.status).to.equal(64);
    expect(await done('queue', 'remove', '--domain', 'one.example', '--yes')).to.equal('1 recipient removed.\n');
    expect(await recipients()).to.deep.equal(['carol@two.example', 'dave@two.example']);
    expect(await done('queue', 'show', '1')).to.match(/removed, and left the queue/);
    expect((await run('queue', 'hold', '1')).stderr).to.match(/Nothing was changed/);
  });

  it('says of each number why it was not changed, and by which command it would be', async () => {
    await done('queue', 'hold', '2');
    expect((await run('queue', 'retry', '2')).stderr).to.match(
      /Nothing was changed: 2 is on hold; 'pennypost queue release 2' lets it go on\./,
    );
    expect(await done('queue', 'show', '2')).to.match(/^waits for +an administrator: 'pennypost queue release' lets/m);
    expect(await done('queue', 'hold', '2', '3', '99')).to.equal(
      '1 recipient put on hold.\nNot changed: 2 is on hold already.\nNot changed: 99 is not in the queue.\n',
    );
    expect(await done('queue', 'release', '--all')).to.equal('2 recipients released.\n');
    expect((await run('queue', 'release', '2')).stderr).to.match(/2 is not on hold; 'pennypost queue retry'/);
  });

  it('takes no selection that is none, is two, or cannot be read', async () => {
    for (const typed of [[], ['1', '--all'], ['one'], ['--older-than', 'ages'], ['--state', 'lost'], ['--from', '@']])
      expect((await run('queue', 'hold', ...typed)).status, typed.join(' ')).to.equal(64);
  });

  it('sends by its number alone what is held until a time', async () => {
    expect((await run('queue', 'retry', '--all')).stderr).to.match(/Nothing was changed/);
    expect((await run('queue', 'retry', '--state', 'deferred')).stderr).to.match(/Nothing was changed/);
    expect(await recipients('--state', 'active')).to.be.empty;
    expect(await done('queue', 'retry', '3')).to.equal('1 recipient will be tried now.\n');
    expect(await recipients('--state', 'active')).to.deep.equal(['dave@two.example']);
  });

  it('says where mail would go', async () => {
    expect(await done('queue', 'explain', 'bob@one.example')).to.match(/off: it is refused; --outbound relay/);
    const relay = ['--outbound', 'relay', '--relay', 'smtp://me@relay.example.org,lmtp:/run/x.sock'];
    expect(await done('queue', 'explain', 'bob@one.example', ...relay))
      .to.match(/relay +smtp at relay\.example\.org port 587, TLS required/)
      .and.match(/or else +lmtp at \/run\/x\.sock/);
  });

  it('says of relays that there is no login, and who needs one', async () => {
    expect(await done('relay', 'status')).to.match(/^There is no login at a relay\.\nNo relay and no route wants one/);
    const wanting = await run('relay', 'status', '--relay', 'smtp://me%40example.org@relay.example.org?auth=oauth');
    expect(wanting.status).to.equal(69);
    expect(wanting.stdout).to.match(
      /^Mail waits for a login of me@example\.org: 'pennypost relay login PROVIDER --user me@/m,
    );
  });

  it('suppresses nothing here, where nothing is sent on', async () => {
    await done('account', 'add', 'alice@here.example', '--password', 'a long secret');
    const { status, stderr } = await run('suppression', 'add', 'alice@here.example');
    expect(status).to.equal(1);
    expect(stderr).to.match(/here\.example is a local domain: .* 'pennypost alias remove'/);
  });

  it('is counted when the account that sent it is disabled, with what keeps it back', async () => {
    await done('account', 'add', 'alice@localhost', '--password', 'a long secret');
    expect(await done('account', 'disable', 'alice@localhost')).to.match(
      /^alice@localhost cannot log in any more; its mail still arrives\.\n1 recipient of its mail waits in the queue, .*queue hold --from alice@localhost' .*queue remove --from alice@localhost --yes'/,
    );
    await done('queue', 'hold', '--from', 'alice@localhost');
    expect(await done('account', 'disable', 'alice@localhost')).to.match(/arrives\.\n$/);
    await done('queue', 'release', '--from', 'alice@localhost');
    expect(await done('account', 'enable', 'alice@localhost')).to.equal('alice@localhost can log in again.\n');
  });

  it('sends nothing to an address that is suppressed', async () => {
    await done('suppression', 'add', 'Bob@one.example', '--reason', 'moved');
    expect(await done('suppression', 'list')).to.match(/bob@one\.example +\S+ \S+ +moved/);
    expect(await done('queue', 'explain', 'bob@one.example')).to.match(/suppressed +since .*: moved/);
    await done('suppression', 'remove', 'bob@one.example');
    expect((await run('suppression', 'remove', 'bob@one.example')).status).to.equal(1);
  });
});
