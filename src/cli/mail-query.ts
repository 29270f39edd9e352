/**
 * What a person types to search for mail, as a query of the store:
 *
 *   query   = term *(blank ["OR" blank] term)
 *   term    = ["-"] [field ":"] (word / DQUOTE words DQUOTE)
 *
 * All terms must agree, but of terms with OR between them one; what stands behind a "-" must not be. Whatever cannot be meant is a
 * UsageError that names the fix: nothing that is typed reaches SQLite as syntax.
 */
import { bytes } from '../config/units.js';
import type { MailPhrase, MailQuery } from '../store/mailboxes.js';
import { UsageError } from './command.js';
import { typed } from './typed.js';

/** Longer, or with more terms, nobody types it; each term is looked up by itself. */
const QUERY_LIMIT_CHARACTERS = 1000;
const TERMS_LIMIT = 50;

const TERM = /(-)?(?:([a-z]+):)?(?:"([^"]*)"|(\S+))/gi;
/** What the index takes for a word. */
const WORD = /[\p{L}\p{N}\p{Co}]/u;
const EMPTY_FIELD = /^[a-z]+:$/i;
const DATE = /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d)?Z)?)?)?$/;

interface Term {
  readonly isNegative: boolean;
  readonly field: string | undefined;
  readonly value: string;
  readonly isQuoted: boolean;
  /** As it was typed. */
  readonly text: string;
}

type Filter = (term: Term) => Partial<MailQuery>;
type Words = Pick<MailQuery, 'all' | 'none'>;

const FIELDS: ReadonlyMap<string, NonNullable<MailPhrase['field']>> = new Map(
  (['from', 'to', 'cc', 'subject'] as const).map((name) => [name, name]),
);

/** Terms about a message as a whole. */
const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['after', (term) => ({ fromMs: moment(term) })],
  ['before', (term) => ({ beforeMs: moment(term) })],
  ['larger', (term) => ({ moreThanOctets: size(term) })],
  ['smaller', (term) => ({ lessThanOctets: size(term) })],
  ['has', has],
]);

export const FIELD_NAMES = [...FIELDS.keys(), ...FILTERS.keys()];

/** @throws UsageError */
export function readMailQuery(text: string): MailQuery {
  if (text.length > QUERY_LIMIT_CHARACTERS)
    throw new UsageError(`a query has at most ${QUERY_LIMIT_CHARACTERS} characters`);
  if (((text.match(/"/g) ?? []).length & 1) === 1) throw new UsageError('a quotation mark has no partner');
  const terms = [...text.matchAll(TERM)].map(termOf);
  if (terms.length === 0) throw new UsageError("there is nothing to search for; 'invoice from:bob' is a query");
  if (terms.length > TERMS_LIMIT) throw new UsageError(`a query has at most ${TERMS_LIMIT} terms`);
  let filters: Partial<MailQuery> = {};
  let words: Words = { all: [], none: [] };
  for (const [at, term] of terms.entries()) {
    const filter = term.field === undefined ? undefined : FILTERS.get(term.field);
    const isAlternative = at > 0 && isOr(terms[at - 1] as Term);
    if (isOr(term)) requireNeighbours(terms, at);
    else if (filter !== undefined) filters = { ...filters, ...only(filter, term) };
    else words = withPhrase(words, term, isAlternative);
  }
  return { ...filters, ...words };
}

function termOf([text, minus, field, quoted, bare]: RegExpExecArray): Term {
  const value = quoted ?? bare ?? '';
  return {
    ...{ isNegative: minus !== undefined, field: field?.toLowerCase() },
    ...{ value, isQuoted: quoted !== undefined, text },
  };
}

function isOr({ text }: Term): boolean {
  return text === 'OR';
}

/** Words on both sides of it, since of a date or a size there is only one. */
function requireNeighbours(terms: readonly Term[], at: number): void {
  const sides = [terms[at - 1], terms[at + 1]];
  const areWords = sides.every(
    (term) => term !== undefined && !isOr(term) && !term.isNegative && !FILTERS.has(term.field ?? ''),
  );
  if (!areWords) throw new UsageError('OR stands between two words or phrases; in quotation marks it is a word itself');
}

function only(filter: Filter, term: Term): Partial<MailQuery> {
  if (term.isNegative && term.field !== 'has')
    throw new UsageError(`'${term.text}' cannot be turned round; after: is the other of before:, larger: of smaller:`);
  return filter(term);
}

function withPhrase({ all, none }: Words, term: Term, isAlternative: boolean): Words {
  const phrase = phraseOf(term);
  if (term.isNegative) return { all, none: [...none, phrase] };
  if (!isAlternative) return { all: [...all, [phrase]], none };
  return { all: [...all.slice(0, -1), [...(all.at(-1) ?? []), phrase]], none };
}

function phraseOf({ field, value, isQuoted, text }: Term): MailPhrase {
  const known = field === undefined ? undefined : FIELDS.get(field);
  if (field !== undefined && known === undefined)
    throw new UsageError(
      `'${field}:' is no field: there are ${FIELD_NAMES.join(':, ')}: (to search for '${text}' itself, put it in quotation marks)`,
    );
  if (EMPTY_FIELD.test(value) && !isQuoted)
    throw new UsageError(`nothing stands behind '${value}'; its word follows without a blank, as in from:bob`);
  if (!WORD.test(value))
    throw new UsageError(`'${text}' has neither a letter nor a digit, and nothing else is searched`);
  if (!isQuoted && value.endsWith('*'))
    throw new UsageError(`'${text}': words are found whole, not by their beginning; leave the * out`);
  return known === undefined ? { text: value } : { field: known, text: value };
}

/** Its beginning, UTC. */
function moment({ field, value }: Term): number {
  const atMs = DATE.test(value) ? Date.parse(value) : NaN;
  const isDay = value.length === 10 && !Number.isNaN(atMs) && new Date(atMs).toISOString().slice(0, 10) === value;
  if (Number.isNaN(atMs) || (value.length === 10 && !isDay))
    throw new UsageError(`'${value}' is no date for ${field}:; one looks like 2026-01-31, or 2026-01-31T12:00Z`);
  return atMs;
}

function size({ field, value }: Term): number {
  return typed(value, bytes, () => `'${value}' is no size for ${field}:; one looks like 500KiB`);
}

function has({ isNegative, value }: Term): Partial<MailQuery> {
  if (!/^attachments?$/i.test(value)) throw new UsageError(`'has:${value}' cannot be asked; has:attachment can`);
  return { hasAttachment: !isNegative };
}
