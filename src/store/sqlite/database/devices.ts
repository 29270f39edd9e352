/** The table of devices, on the connection of whoever asks or writes. There are at most a few hundred rows. */
import type {
  Device,
  DeviceAccount,
  DeviceId,
  DeviceSettings,
  DeviceUse,
  ListedDevice,
  MessageRate,
} from '../../devices.js';
import { countsAt, isOverRate, withAccepted, withRefused, type DeviceCounts } from '../../rules/devices.js';
import { refusals, refuse } from '../../rules/refusals.js';
import type { AccountId } from '../../shapes.js';
import type { Connection, Statement } from './database.js';
import type { Prepares, ReadStatement } from './reading-connection.js';

interface DeviceRow {
  readonly id: DeviceId;
  readonly name: string;
  readonly networks: string;
  readonly sender: string | null;
  readonly account: AccountId | null;
  readonly address: string | null;
  readonly enabled: number | null;
  readonly password_version: number | null;
  readonly rate_messages: number | null;
  readonly rate_ms: number | null;
  readonly max_octets: number | null;
  readonly to_domains: string | null;
  readonly created_at: number;
  readonly period_at: number;
  readonly period_messages: number;
  readonly day: string;
  readonly day_accepted: number;
  readonly day_refused: number;
  readonly last_mail_at: number | null;
  readonly last_mended_at: number | null;
  readonly last_mended: string | null;
  readonly last_refused_at: number | null;
  readonly last_refusal: string | null;
}

const DEVICE = `
  select device.*, account.local || '@' || domain.name as address, account.enabled, account.password_version
  from device
  left join account on account.id = device.account
  left join domain on domain.id = account.domain`;

export class DeviceRows {
  readonly #all: ReadStatement<[], DeviceRow>;
  readonly #one: ReadStatement<[id: DeviceId], DeviceRow>;

  constructor(connection: Prepares) {
    this.#all = connection.prepare(`${DEVICE} order by device.id`);
    this.#one = connection.prepare(`${DEVICE} where device.id = ?`);
  }

  all(): readonly Device[] {
    const nowMs = Date.now();
    return this.#all.all().map((row) => deviceOf(row, nowMs));
  }

  listed(): readonly ListedDevice[] {
    return this.#all.all().map(listedOf);
  }

  find(id: DeviceId): Device | undefined {
    const row = this.#one.get(id);
    return row && deviceOf(row, Date.now());
  }

  protected row(id: DeviceId): DeviceRow | undefined {
    return this.#one.get(id);
  }
}

type Settings = [
  ...[networks: string, sender: string | null, account: AccountId | null],
  ...[rateMessages: number | null, rateMs: number | null, maxOctets: number | null, toDomains: string | null],
];
type Counts = [periodAt: number, periodMessages: number, day: string, accepted: number, refused: number];

/** The same where it is changed. */
export class DeviceTable extends DeviceRows {
  readonly #add: Statement<[...Settings, name: string, createdAt: number]>;
  readonly #set: Statement<[...Settings, name: string]>;
  readonly #remove: Statement<[name: string]>;
  readonly #detach: Statement<[account: AccountId]>;
  readonly #accepted: Statement<
    [...Counts, lastMail: number, mendedAt: number | null, mended: string | null, id: DeviceId]
  >;
  readonly #refused: Statement<[...Counts, at: number, refusal: string, id: DeviceId]>;

  constructor(connection: Connection) {
    super(connection);
    this.#add = connection.prepare(`
      insert into device (networks, sender, account, rate_messages, rate_ms, max_octets, to_domains, name, created_at)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#set = connection.prepare(`
      update device set networks = ?, sender = ?, account = ?, rate_messages = ?, rate_ms = ?, max_octets = ?, to_domains = ?
      where name = ?`);
    this.#remove = connection.prepare('delete from device where name = ?');
    this.#detach = connection.prepare('update device set account = null where account = ?');
    this.#accepted = connection.prepare(`
      update device set period_at = ?, period_messages = ?, day = ?, day_accepted = ?, day_refused = ?, last_mail_at = ?,
                        last_mended_at = coalesce(?, last_mended_at), last_mended = coalesce(?, last_mended)
      where id = ?`);
    this.#refused = connection.prepare(`
      update device set period_at = ?, period_messages = ?, day = ?, day_accepted = ?, day_refused = ?,
                        last_refused_at = ?, last_refusal = ?
      where id = ?`);
  }

  add(settings: DeviceSettings, account: AccountId | undefined): void {
    this.#add.run(...settingsOf(settings, account), settings.name, Date.now());
  }

  set(settings: DeviceSettings, account: AccountId | undefined): void {
    this.#set.run(...settingsOf(settings, account), settings.name);
  }

  /** False when there is none of this name. */
  remove(name: string): boolean {
    return this.#remove.run(name).changes > 0;
  }

  /** The account goes: its devices send to nobody in other domains any more. */
  detach(account: AccountId): void {
    this.#detach.run(account);
  }

  /** Judged and counted in one transaction: all sessions of a device share what it may. @throws StoreError 'refused' */
  isOverRate(use: DeviceUse | undefined): boolean {
    if (use === undefined) return false;
    const { activity, rate } = this.find(use.id) ?? refuse(refusals.deviceIsGone);
    return isOverRate(activity.acceptedInPeriod, rate);
  }

  accepted({ id, mended }: DeviceUse, nowMs: number): void {
    const row = this.row(id);
    if (row === undefined) return;
    const counts = withAccepted(countsOf(row), rateOf(row), nowMs);
    const isMended = mended.length > 0;
    this.#accepted.run(
      ...columns(counts),
      nowMs,
      isMended ? nowMs : null,
      isMended ? JSON.stringify(mended) : null,
      id,
    );
  }

  refused(id: DeviceId, { refusal, count }: Refusals, nowMs: number): void {
    const row = this.row(id);
    if (row === undefined) return;
    this.#refused.run(...columns(withRefused(countsOf(row), count, nowMs)), nowMs, refusal, id);
  }
}

function settingsOf(
  { networks, from, rate, maxOctets, toDomains }: DeviceSettings,
  account: AccountId | undefined,
): Settings {
  return [
    ...([JSON.stringify(networks), from ?? null, account ?? null] as const),
    ...([rate?.messages ?? null, rate?.periodMs ?? null, maxOctets ?? null] as const),
    toDomains === undefined ? null : JSON.stringify(toDomains),
  ];
}

/** The last of several. */
export interface Refusals {
  readonly refusal: string;
  readonly count: number;
}

function columns({ periodAtMs, periodMessages, day, acceptedOnDay, refusedOnDay }: DeviceCounts): Counts {
  return [periodAtMs, periodMessages, day, acceptedOnDay, refusedOnDay];
}

function countsOf(row: DeviceRow): DeviceCounts {
  return {
    ...{ periodAtMs: row.period_at, periodMessages: row.period_messages },
    ...{ day: row.day, acceptedOnDay: row.day_accepted, refusedOnDay: row.day_refused },
  };
}

function rateOf({ rate_messages: messages, rate_ms: periodMs }: DeviceRow): MessageRate | undefined {
  return messages === null || periodMs === null ? undefined : { messages, periodMs };
}

function listedOf(row: DeviceRow): ListedDevice {
  return {
    ...{ id: row.id, name: row.name, networks: listOf(row.networks) ?? [], from: row.sender ?? undefined },
    ...{ rate: rateOf(row), maxOctets: row.max_octets ?? undefined, toDomains: listOf(row.to_domains) },
    account: accountOf(row),
  };
}

function deviceOf(row: DeviceRow, nowMs: number): Device {
  return {
    ...listedOf(row),
    createdAtMs: row.created_at,
    activity: {
      ...countsAt(countsOf(row), rateOf(row), nowMs),
      ...{ lastMailAtMs: row.last_mail_at ?? undefined, lastMendedAtMs: row.last_mended_at ?? undefined },
      lastMended: listOf(row.last_mended) ?? [],
      ...{ lastRefusedAtMs: row.last_refused_at ?? undefined, lastRefusal: row.last_refusal ?? undefined },
    },
  };
}

function accountOf({ account, address, enabled, password_version }: DeviceRow): DeviceAccount | undefined {
  if (account === null || address === null || password_version === null) return undefined;
  return { address, enabled: enabled === 1, grant: { account, scope: 'smtp', passwordVersion: password_version } };
}

function listOf(json: string | null): readonly string[] | undefined {
  return json === null ? undefined : (JSON.parse(json) as readonly string[]);
}
