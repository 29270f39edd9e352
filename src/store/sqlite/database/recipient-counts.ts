/** How many recipients in other domains accounts have sent to, on the connection of whoever counts or asks. */
import type { OwnLimit, OwnLimits, RecipientUse } from '../../recipient-limits.js';
import { keptSlots, slotsAt } from '../../rules/recipient-limits.js';
import type { AccountId } from '../../shapes.js';
import type { Connection, Statement } from './database.js';
import type { Prepares, ReadStatement } from './reading-connection.js';

/** In a column. */
const NO_LIMIT = -1;

type UseRow = [lastHour: number, lastDay: number];
type LimitsRow = [perHour: number | null, perDay: number | null];

/** What one has sent to. */
export class RecipientUses {
  readonly #use: ReadStatement<
    [hour: number, hourEnd: number, account: AccountId, day: number, dayEnd: number],
    UseRow
  >;
  readonly #limits: ReadStatement<[account: AccountId], LimitsRow>;

  constructor(connection: Prepares) {
    this.#use = connection
      .prepare<[number, number, number, number, number], UseRow>(
        `
      select coalesce(sum(case when slot between ? and ? then recipients end), 0), coalesce(sum(recipients), 0)
      from submitted where account = ? and slot between ? and ?`,
      )
      .raw();
    this.#limits = connection
      .prepare<[number], LimitsRow>('select recipients_per_hour, recipients_per_day from account where id = ?')
      .raw();
  }

  /** Around a moment. */
  of(account: AccountId, atMs: number): RecipientUse {
    const { hour, hourEnd, day, dayEnd } = slotsAt(atMs);
    const [lastHour, lastDay] = this.#use.get(hour, hourEnd, account, day, dayEnd) ?? [0, 0];
    const [perHour, perDay] = this.#limits.get(account) ?? [null, null];
    return { lastHour, lastDay, own: { perHour: ownLimit(perHour), perDay: ownLimit(perDay) } };
  }
}

/** The same where it is counted. */
export class RecipientCounts extends RecipientUses {
  readonly #add: Statement<[recipients: number, account: AccountId, slot: number]>;
  readonly #begin: Statement<[account: AccountId, slot: number, recipients: number]>;
  readonly #forget: Statement<[account: AccountId, first: number, last: number]>;
  readonly #setLimits: Statement<[perHour: number | null, perDay: number | null, account: AccountId]>;

  constructor(connection: Connection) {
    super(connection);
    this.#add = connection.prepare('update submitted set recipients = recipients + ? where account = ? and slot = ?');
    this.#begin = connection.prepare('insert into submitted (account, slot, recipients) values (?, ?, ?)');
    this.#forget = connection.prepare('delete from submitted where account = ? and slot not between ? and ?');
    this.#setLimits = connection.prepare(
      'update account set recipients_per_hour = ?, recipients_per_day = ? where id = ?',
    );
  }

  /** With the first of a slot, those that count no longer go. `atMs`: when they leave. */
  add(account: AccountId, recipients: number, nowMs: number, atMs = nowMs): void {
    const { present: slot } = slotsAt(atMs);
    if (this.#add.run(recipients, account, slot).changes > 0) return;
    this.#forget.run(account, ...keptSlots(nowMs));
    this.#begin.run(account, slot, recipients);
  }

  setLimits(account: AccountId, change: Partial<OwnLimits>): void {
    const { perHour, perDay } = { ...this.of(account, Date.now()).own, ...given(change) };
    this.#setLimits.run(column(perHour), column(perDay), account);
  }
}

function given({ perHour, perDay }: Partial<OwnLimits>): Partial<OwnLimits> {
  return { ...(perHour !== undefined && { perHour }), ...(perDay !== undefined && { perDay }) };
}

function ownLimit(value: number | null): OwnLimit {
  if (value === null) return 'default';
  return value === NO_LIMIT ? 'none' : value;
}

function column(limit: OwnLimit): number | null {
  if (limit === 'default') return null;
  return limit === 'none' ? NO_LIMIT : limit;
}
