/** The store is killed while mail is queued, leased and settled: what was promised is there, and everything counts what it has. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { AccountId } from '../../src/store/shapes.js';
import type { MailStore } from '../../src/store/store.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { openConnection } from '../../src/store/sqlite/database/driver.js';
import { eventually } from '../support/eventually.js';
import { at, localRecipient } from './contract.js';
import { envelopeOut } from './queue-contract.js';

const KILLS = 3;
const UNDER_WAY = 8;
const DRIVER = new URL('../../src/store/sqlite/driver.js', import.meta.url).href;
const REPLY = { text: 'taken' };

/** What must be none, by its number. */
const WRONG = {
  bodies: `select id from body where refs > 0 and refs <>
             (select count(*) from message where message.body = body.id) +
             (select count(*) from outgoing where outgoing.body = body.id)`,
  messages: `select id from outgoing where recipients <> (select count(*) from queued where message = outgoing.id)
             or not exists (select 1 from body where body.id = outgoing.body)`,
  counts:
    'select state from queue_count where recipients <> (select count(*) from queued where queued.state = queue_count.state)',
  destinations: `select id from destination where ready_at is not (
                   select max(coalesce(rest_until, 0), min(due_at)) from queued where destination = destination.id)`,
};

describe('a store that is killed', () => {
  it('keeps what it promised of the queue, and of local copies with it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pennypost-kill-'));
    const db = join(directory, 'mail.db');
    const acknowledged: string[] = [];
    const settled = new Set<string>();
    let child = storeOf(db);
    const store = await joined(db);
    try {
      await store.directory.addAccount(at('alice@example.org'), 'hash');
      const alice = (await store.findLogin('alice@example.org'))?.id ?? 0;
      await store.queue.begin('one');
      const over = new AbortController();
      const enqueueing = Array.from({ length: UNDER_WAY }, async (_, lane) => {
        for (let number = 0; !over.signal.aborted; number++)
          await enqueue(store, alice, `${lane}-${number}@x.example`, acknowledged);
      });
      const settling = (async () => {
        while (!over.signal.aborted) await settleSome(store, settled);
      })();
      for (let kill = 0; kill < KILLS; kill++) {
        const before = acknowledged.length;
        while (acknowledged.length < before + 50) await setTimeout(10);
        child.kill('SIGKILL');
        child = storeOf(db);
      }
      over.abort();
      await Promise.all([...enqueueing, settling]);
    } finally {
      await store.close();
      child.kill('SIGKILL');
    }
    const connection = openConnection(db);
    try {
      const all = (sql: string) => connection.prepare<[], string>(sql).pluck().all();
      for (const [what, sql] of Object.entries(WRONG)) expect(all(sql), what).to.deep.equal([]);
      const waiting = new Set(all('select recipient from queued'));
      const delivered = all("select recipient from attempt where kind = 'delivered'");
      const copies = new Set(all('select recipient from message'));
      expect(new Set(delivered).size, 'twice').to.equal(delivered.length);
      expect(
        [...settled].filter((one) => !delivered.includes(one)),
        'forgotten',
      ).to.deep.equal([]);
      const kept = new Set([...waiting, ...delivered]);
      expect(
        acknowledged.filter((one) => !kept.has(one) || !copies.has(one)),
        'lost',
      ).to.deep.equal([]);
      expect([...kept].toSorted(), 'all or nothing').to.deep.equal([...copies].toSorted());
    } finally {
      connection.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

function storeOf(db: string): ChildProcess {
  const nothing = '() => undefined';
  const observer = `{ noted: ${nothing}, trouble: ${nothing}, stopped: ${nothing} }`;
  const program = `import { sqlite } from ${JSON.stringify(DRIVER)};
    for (;;) if (await sqlite.start(${JSON.stringify(db)}, ${observer}) !== undefined) break;`;
  return spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** As a process whose store is another one, when that answers. */
async function joined(db: string): Promise<MailStore> {
  const options = { domain: 'example.org', minFreeBytes: 0, changed: () => undefined, replaced: () => undefined };
  await eventually('the store to listen', () => existsSync(`${db}.sock`));
  const store = sqlite.join(db, options);
  await eventually('the store to answer', () =>
    store.queue.rest('nowhere.example', undefined).then(
      () => true,
      () => false,
    ),
  );
  return store;
}

async function enqueue(store: MailStore, alice: AccountId, to: string, acknowledged: string[]): Promise<void> {
  const envelope = envelopeOut([to]);
  const local = { ...localRecipient(alice), recipient: to };
  const delivery = store.deliver({ ...envelope, recipients: [local, ...envelope.recipients] });
  try {
    await delivery.write(Buffer.from('Subject: s\r\n\r\ntext\r\n'));
    await delivery.commit();
    acknowledged.push(to);
  } catch {
    await setTimeout(20); // The store is away.
  }
}

async function settleSome(store: MailStore, settled: Set<string>): Promise<void> {
  try {
    const messages = await store.queue.lease([{ destination: 'x.example', recipients: 5 }], 60_000);
    const leased = messages.flatMap(({ recipients }) => recipients);
    await store.queue.settle(leased.map(({ id }) => ({ id, outcome: { kind: 'delivered', reply: REPLY } })));
    for (const { recipient } of leased) settled.add(recipient);
  } catch {
    // The store is away.
  }
  await setTimeout(5);
}
