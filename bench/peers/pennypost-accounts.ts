/**
 * The process that adds the accounts to a Pennypost database, DB its only argument: all with the same password, hashed once, and
 * with all that is kept of it, so that no login has to make the rest.
 * It is the program's own store code, since fifty runs of `account add` would take longer than the short benchmark; and a
 * process of its own, since that code makes every file that its process creates readable by the owner alone.
 */
import { hashPassword } from '../../src/auth/password.js';
import { makeScramKeys, scramParameters } from '../../src/auth/scram-keys.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { addressOf, DOMAIN, everyAccount, PASSWORD } from './accounts.js';

const store = await sqlite.open(process.argv[2] as string);
try {
  const there = new Set((await store.directory.listAccounts()).map(({ address }) => address));
  const missing = everyAccount().filter((local) => !there.has(addressOf(local)));
  const hash = missing.length === 0 ? '' : await hashPassword(PASSWORD);
  const saltSecret = await store.saltSecret();
  for (const local of missing) {
    const scram = await makeScramKeys(PASSWORD, scramParameters(saltSecret, addressOf(local)));
    await store.directory.addAccount({ local, domain: DOMAIN }, hash, scram);
  }
} finally {
  await store.close();
}
