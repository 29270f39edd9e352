/** A hundred clients at once, half sending, half reading different maildrops: no error, every message there once. */
import { expect } from 'chai';
import { hashPassword } from '../../src/auth/password.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { inventory, Load } from '../support/load.js';
import { takeAll } from '../support/mail-clients.js';
import { Server } from '../support/server.js';

const HALF = 50;
const DURATION_MS = 8_000;
const PASSWORD = 'secret';

describe('a hundred clients', () => {
  let server: Server;
  const users = Array.from({ length: HALF }, (_, index) => `user${index}@localhost`);

  before(async () => {
    server = await Server.start();
    const store = await sqlite.open(server.db);
    const hash = await hashPassword(PASSWORD);
    for (const user of users)
      await store.directory.addAccount({ local: user.split('@')[0] ?? '', domain: 'localhost' }, hash);
    await store.close();
  });

  after(() => server.release());

  it('send and read at once without an error, and every acknowledged message is there once', async () => {
    const fetched: Buffer[] = [];
    const load = new Load(server.smtpPort, users, HALF);
    const untilMs = Date.now() + DURATION_MS;
    const read = async (user: string) => {
      while (Date.now() < untilMs) fetched.push(...(await empty(user)));
    };
    await Promise.all(users.map(read)).finally(() => load.stop());
    expect(load.failures).to.deep.equal([]);
    expect(load.acknowledged.size).to.be.above(HALF);
    for (const user of users) fetched.push(...(await empty(user)));
    expect(inventory([load], fetched)).to.deep.equal({ missing: [], twice: [] });
    expect(fetched).to.have.length(load.acknowledged.size);
  });

  /** Fetches and removes what is there. */
  function empty(user: string): Promise<readonly Buffer[]> {
    return takeAll(server.pop3Port, user, PASSWORD);
  }
});
