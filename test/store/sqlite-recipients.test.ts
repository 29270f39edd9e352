/** Recipients elsewhere as SQLite counts them: what is old counts no longer, and goes; nothing is looked for among all rows. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openForWriting, type Connection } from '../../src/store/sqlite/database/database.js';
import { RecipientCounts } from '../../src/store/sqlite/database/recipient-counts.js';
import { plansOf } from '../support/query-plans.js';

const HOUR_MS = 3_600_000;
const NOW_MS = 500_000 * HOUR_MS + 1;

describe('recipients as SQLite counts them', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pennypost-recipients-'));
  let connection: Connection;
  let counts: RecipientCounts;

  beforeEach(() => {
    connection = openForWriting(join(directory, 'mail.db'));
    counts = new RecipientCounts(connection);
    connection.exec('delete from submitted');
  });

  afterEach(() => connection.close());
  after(() => rmSync(directory, { recursive: true }));

  const rows = () => connection.prepare('select count(*) from submitted where account = 1').pluck().get();
  const sent = (nowMs: number) => {
    const { lastHour, lastDay } = counts.of(1, nowMs);
    return [lastHour, lastDay];
  };

  it('count for an hour and for a day, and no longer than ten minutes more', () => {
    counts.add(1, 3, NOW_MS);
    counts.add(1, 4, NOW_MS);
    expect(sent(NOW_MS)).to.deep.equal([7, 7]);
    expect(sent(NOW_MS + HOUR_MS)).to.deep.equal([7, 7]);
    expect(sent(NOW_MS + HOUR_MS + 600_000)).to.deep.equal([0, 7]);
    expect(sent(NOW_MS + 24 * HOUR_MS)).to.deep.equal([0, 7]);
    expect(sent(NOW_MS + 24 * HOUR_MS + 600_000)).to.deep.equal([0, 0]);
  });

  it('take at most a day and a bit of rows of one account', () => {
    for (let slot = 0; slot < 1_000; slot++) counts.add(1, 1, NOW_MS + slot * 600_000);
    expect(rows()).to.equal(145);
    counts.add(1, 1, NOW_MS + 100 * 24 * HOUR_MS);
    expect(rows()).to.equal(1);
  });

  it('of a clock that was wrong count for nothing when it is right again', () => {
    counts.add(1, 100, NOW_MS + 1_000 * HOUR_MS);
    expect(sent(NOW_MS)).to.deep.equal([0, 0]);
    counts.add(1, 2, NOW_MS);
    expect([sent(NOW_MS), rows()]).to.deep.equal([[2, 2], 1]);
  });

  it('of what is held stay until it leaves, and a day more', () => {
    counts.add(1, 7, NOW_MS, NOW_MS + 720 * HOUR_MS);
    counts.add(1, 1, NOW_MS + 600_000);
    expect([sent(NOW_MS + 720 * HOUR_MS), rows()]).to.deep.equal([[7, 7], 2]);
    counts.add(1, 2, NOW_MS + 750 * HOUR_MS);
    expect(rows()).to.equal(1);
  });

  it('are found by the account', () => {
    const plans = plansOf(connection, (noting) => new RecipientCounts(noting));
    expect(plans).to.not.be.empty;
    for (const { details, sql } of plans) for (const detail of details) expect(detail, sql).to.not.match(/^SCAN/);
  });
});
