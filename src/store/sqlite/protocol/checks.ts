/** What may stand in the JSON of a frame: one check a field, and whatever differs, by a field too many as by a wrong type, is refused. */
import { SCOPES } from '../../shapes.js';
import { FrameError } from './frames.js';

export type Check = (value: unknown) => boolean;
/** A check for each field. */
export type Shape<T> = { readonly [Field in keyof T]-?: Check };

/** No address and no hash is nearly so long. */
const TEXT_LIMIT_CHARACTERS = 4096;

/** A provider may put all that it knows of somebody into a token. */
const TOKEN_LIMIT_CHARACTERS = 64 * 1024;

const textWithin =
  (limit: number): Check =>
  (value) =>
    typeof value === 'string' && value.length <= limit && !value.includes('\0') && isWellFormed(value);
export const text: Check = textWithin(TEXT_LIMIT_CHARACTERS);
export const token: Check = textWithin(TOKEN_LIMIT_CHARACTERS);
export const natural: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
export const flag: Check = (value) => typeof value === 'boolean';
export const oneOf =
  (...texts: readonly string[]): Check =>
  (value) =>
    texts.includes(value as string);
export const list =
  (each: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(each);
export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
/** As JSON has it where there is nothing in a column. */
export const nullable =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
export const record: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
export const shaped =
  (shape: Readonly<Record<string, Check>>): Check =>
  (value) =>
    record(value) &&
    Object.keys(value as object).every((key) => Object.hasOwn(shape, key)) &&
    Object.entries(shape).every(([key, check]) => check((value as Record<string, unknown>)[key]));

export const address = shaped({ local: text, domain: text });
export const secrets = shaped({ hash: text, scram: optional(text) });
const scope: Check = oneOf(...SCOPES);
export const credential = shaped({ name: text, scopes: list(scope), hash: text, scram: optional(text) });

/** A whole frame, whose JSON says what nothing here would. */
export class ShapeError extends FrameError {}

/** @throws ShapeError */
export function requireShape(isShaped: boolean): void {
  if (!isShaped) throw new ShapeError('a request of the wrong shape');
}

/** Half of a surrogate pair would become another character on its way into the database. */
function isWellFormed(value: string): boolean {
  return !/\p{Surrogate}/u.test(value);
}
