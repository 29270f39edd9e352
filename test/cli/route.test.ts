/** Routes on the command line, on a database that no server runs on. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { pennypost } from './pennypost.js';

describe('routes on the command line', () => {
  let directory = '';

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pennypost-route-'));
    await done('account', 'add', 'alice@localhost', '--password', 'secret words here');
  });

  after(() => rm(directory, { recursive: true, force: true }));

  async function done(...typed: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await pennypost(typed, { directory });
    expect({ status, stderr }, typed.join(' ')).to.deep.equal({ status: 0, stderr: '' });
    return stdout;
  }

  async function refused(status: number, message: RegExp, ...typed: readonly string[]): Promise<void> {
    const ended = await pennypost(typed, { directory });
    expect({ status: ended.status, stderr: ended.stderr }, typed.join(' ')).to.include({ status });
    expect(ended.stderr).to.match(message);
  }

  it('are added, listed with the file of their password and without what is in it, and removed', async () => {
    await writeFile(join(directory, 'password'), 'hush hush\n');
    expect(await done('route', 'add', 'Example.NET', 'smtp://mx.example.net:25')).to.match(
      /^Mail to example\.net goes to smtp:\/\/mx\.example\.net:25 from now on.*\nNo route counts before/s,
    );
    const shop = ['route', 'add', 'shop.example', 'smtps://till@relay.example', '--sender-domain'];
    await done(...shop, '--password-file', 'password');
    await done('route', 'add', '*', 'hold');
    const listed = await done('route', 'list');
    expect(listed).to.match(/^of +domain +goes to +password in\n/);
    expect(listed).to.match(/sender +shop\.example +smtps:\/\/till@relay\.example +\/.*\/password\n/);
    expect(listed).to.not.include('hush');
    expect(JSON.parse(await done('route', 'list', '--json'))).to.deep.include({
      ...{ scope: 'destination', domain: '*', action: { kind: 'hold', text: 'Put on hold by a route' } },
    });
    const connection = openConnection(join(directory, 'mail.db'), { readonly: true });
    expect(connection.prepare('select * from routes order by domain limit 1').get()).to.deep.equal({
      ...{ scope: 'destination', domain: '*', action: 'hold', target: 'Put on hold by a route', password_file: null },
    });
    connection.close();
    await done('route', 'remove', '*');
    await refused(1, /There is no route for the destination \*/, 'route', 'remove', '*');
  });

  it('are told by queue explain, with what would be done', async () => {
    const explained = (...typed: readonly string[]) =>
      done('queue', 'explain', ...typed, '--outbound', 'relay', '--relay', 'smtp://relay.example');
    expect(await explained('bob@example.net')).to.match(
      /route +of the destination example\.net: smtp:.*\nrelay +smtp at mx/s,
    );
    expect(await explained('bob@example.edu'))
      .to.match(/relay +smtp at relay\.example/)
      .and.not.match(/^route/m);
    expect(await explained('bob@example.edu', '--from', 'till@shop.example')).to.match(
      /route +of the sender shop\.example.*\nrelay +smtp at relay\.example port 465, TLS implicit/s,
    );
    await done('route', 'add', 'example.edu', 'error:5.1.2 Closed');
    expect(await explained('bob@example.edu')).to.match(/error:5\.1\.2 Closed/);
  });

  it('are refused where they make no sense', async () => {
    await refused(1, /localhost is a local domain/, 'route', 'add', 'localhost', 'hold');
    await refused(64, /is no domain/, 'route', 'add', 'a b', 'hold');
    await refused(64, /is no domain/, 'route', 'add', '*', 'hold', '--sender-domain');
    await refused(64, /--password-file names the file/, 'route', 'add', 'x.example', 'smtp://u@x.example');
    await refused(64, /for a URL with a user/, 'route', 'add', 'x.example', 'hold', '--password-file', 'p');
    await refused(64, /takes no password in its URL/, 'route', 'add', 'x.example', 'smtp://u:p@x.example');
  });
});
