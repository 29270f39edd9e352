/** Devices in SQLite: one is found by its number, an account's by an index, and the view speaks plainly. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { DeviceTable } from '../../src/store/sqlite/database/devices.js';
import { sqlite } from '../../src/store/sqlite/driver.js';
import { Writer } from '../../src/store/sqlite/server/writer.js';
import { withConnection } from '../support/connections.js';
import { eventually } from '../support/eventually.js';
import { plansOf } from '../support/query-plans.js';

/** Of all devices, of which there are at most a few hundred, in the order of their numbers. */
const BOUNDED = 'SCAN device';

describe('devices in SQLite', () => {
  let directory = '';
  let db = '';

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pennypost-devices-'));
    db = join(directory, 'mail.db');
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('are looked through as a whole where all are asked for, and nowhere else', () => {
    const scans = withConnection(db, (connection) => {
      new Writer(connection).sweep(); // It has the tables.
      const plans = plansOf(connection, (noting) => new DeviceTable(noting));
      return plans.flatMap(({ details }) => details.filter((detail) => /SCAN|TEMP B-TREE/.test(detail)));
    });
    expect(scans).to.deep.equal([BOUNDED]);
  });

  it('are shown by the view devices, in words for people', async () => {
    const store = await sqlite.open(db);
    try {
      await store.devices.addDevice({ name: 'scanner', networks: ['192.0.2.7', '2001:db8::/64'] });
      store.devices.recordRefusal(1, '550 5.1.1 \u001b[2J');
      const row = await eventually('the refusal', () =>
        withConnection(db, (connection) =>
          connection.prepare<[], object>('select * from devices where refusal is not null').get(),
        ),
      );
      expect(row).to.include({ name: 'scanner', networks: '192.0.2.7 2001:db8::/64', account: null, refused: 1 });
      expect(row).to.include({ accepted: 0, last_mail: null, refusal: '550 5.1.1 [2J' });
    } finally {
      await store.close();
    }
  });
});
