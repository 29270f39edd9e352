/** What a worker tells the store of what came and who logged in: rows as the tables have them. */
import type { Buffer } from 'node:buffer';
import { list, natural, nullable, oneOf, requireShape, shaped, text, type Shape } from './checks.js';
import { readJson } from './frames.js';

/** Some logins that differ in their moment alone; with no address, some of which nothing else is known. */
export interface LoginRow {
  readonly atMs: number;
  readonly account: string;
  readonly address: string;
  readonly protocol: string;
  readonly mechanism: string;
  readonly credential: string;
  readonly outcome: string;
  readonly reason: string;
  readonly times: number;
}

/** With no address, some of which nothing else is known. */
export interface ArrivalRow {
  readonly atMs: number;
  readonly address: string | null;
  readonly helo: string | null;
  readonly tls: string | null;
  readonly login: string | null;
  readonly reversePath: string | null;
  readonly recipient: string | null;
  readonly octets: number | null;
  readonly message: string | null;
  readonly code: number | null;
  readonly reply: string | null;
  readonly times: number;
}

export interface HistoryRows {
  readonly logins: readonly LoginRow[];
  readonly arrivals: readonly ArrivalRow[];
}

const LOGIN: Shape<LoginRow> = {
  ...{ atMs: natural, account: text, address: text, protocol: text, mechanism: text, credential: text },
  ...{ outcome: oneOf('accepted', 'wrong', 'refused'), reason: text, times: natural },
};
const [textOrNull, naturalOrNull] = [nullable(text), nullable(natural)];
const ARRIVAL: Shape<ArrivalRow> = {
  ...{ atMs: natural, address: textOrNull, helo: textOrNull, tls: textOrNull, login: textOrNull },
  ...{ reversePath: textOrNull, recipient: textOrNull, octets: naturalOrNull, message: textOrNull },
  ...{ code: naturalOrNull, reply: textOrNull, times: natural },
};
const rows = shaped({ logins: list(shaped(LOGIN)), arrivals: list(shaped(ARRIVAL)) });

/** @throws FrameError */
export function readHistory(payload: Buffer): HistoryRows {
  const value = readJson(payload);
  requireShape(rows(value));
  return value as HistoryRows;
}
