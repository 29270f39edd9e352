/**
 * Reads dialogue files: what is given, who says what, and what is true afterwards. test/dialogue/README.md is the grammar.
 * A line that is not in the grammar is an error that names its file and line, never skipped.
 */
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Quota } from '../../src/store/quotas.js';
import type { StoreErrorKind } from '../../src/store/errors.js';

export type ProtocolName = 'smtp' | 'pop3';

/** Where a store can be told to fail. */
export type StorePoint = 'resolve' | 'login' | 'write' | 'commit' | 'open' | 'read' | 'remove';

export type Given =
  | {
      readonly kind: 'account';
      readonly name: string;
      readonly password: string;
      readonly messages: readonly Buffer[];
    }
  | { readonly kind: 'message'; readonly name: string; readonly content: Buffer }
  | { readonly kind: 'domain'; readonly name: string }
  | { readonly kind: 'alias'; readonly name: string; readonly targets: readonly string[] }
  | { readonly kind: 'peer'; readonly address: string }
  | { readonly kind: 'local address'; readonly address: string }
  | { readonly kind: 'largest message'; readonly octets: number }
  | { readonly kind: 'TLS' }
  | { readonly kind: 'front' }
  | { readonly kind: 'outbound mail' }
  | { readonly kind: 'recipients an hour'; readonly recipients: number }
  | {
      readonly kind: 'route';
      readonly scope: 'destination' | 'sender';
      readonly domain: string;
      readonly target: string;
    }
  | { readonly kind: 'suppressed'; readonly address: string }
  | { readonly kind: 'under TLS' }
  | { readonly kind: 'submission' }
  | { readonly kind: 'logged in'; readonly name: string }
  | { readonly kind: 'lmtp' }
  | { readonly kind: 'disabled'; readonly name: string }
  | { readonly kind: 'quota'; readonly name: string; readonly quota: Quota }
  | { readonly kind: 'store failure'; readonly failure: StoreErrorKind; readonly at: StorePoint };

export type Step = { readonly line: number; readonly session: number } & (
  | { readonly kind: 'send'; readonly bytes: Buffer }
  | { readonly kind: 'drop' }
  | { readonly kind: 'half-close' }
  | { readonly kind: 'handshake' }
  | { readonly kind: 'expect'; readonly text: string; readonly pattern: RegExp }
  | { readonly kind: 'expect bytes'; readonly bytes: Buffer }
  | { readonly kind: 'expect close' }
  | { readonly kind: 'count'; readonly name: string; readonly messages: number }
  | { readonly kind: 'message'; readonly name: string; readonly number: number; readonly test: Test }
);

export interface Test {
  readonly how: 'is' | 'begins with' | 'ends with' | 'contains' | 'lacks';
  readonly bytes: Buffer;
}

export interface Dialogue {
  readonly protocol: ProtocolName;
  /** The file's name without `.txt`. */
  readonly name: string;
  readonly rule: string;
  readonly givens: readonly Given[];
  readonly steps: readonly Step[];
}

const QUOTED = '"((?:[^"\\\\]|\\\\.)*)"';
const TITLE = /^# test\/dialogue\/(smtp|pop3)\/([a-z0-9-]+)\.txt — ((?:RFC \d+|Pennypost|XCLIENT_README)[^:]*: .+)$/;
const TURN = /^([CBSR])(\d?)(?:\*(\d+))?:(?: (.*))?$/;

const GIVENS: readonly (readonly [RegExp, (...found: readonly (string | undefined)[]) => Given])[] = [
  [
    new RegExp(`^(\\S+) ${QUOTED}(?: with messages? of (\\d+(?:, \\d+)*) octets)?$`),
    (name = '', password = '', sizes) => ({
      kind: 'account',
      name,
      password: unescape(password).toString(),
      messages: (sizes?.split(', ') ?? []).map((octets) => messageOf(Number(octets))),
    }),
  ],
  [
    new RegExp(`^(\\S+) has message ${QUOTED}$`),
    (name = '', content = '') => ({ kind: 'message', name, content: unescape(content) }),
  ],
  [/^domain (\S+)$/, (name = '') => ({ kind: 'domain', name })],
  [
    /^alias (\S+) leads to (\S+(?:, \S+)*)$/,
    (name = '', targets = '') => ({ kind: 'alias', name, targets: targets.split(', ') }),
  ],
  [/^a front$/, () => ({ kind: 'front' })],
  [/^suppressed (\S+)$/, (address = '') => ({ kind: 'suppressed', address })],
  [
    /^at most (\d+) recipients an hour$/,
    (recipients = '') => ({ kind: 'recipients an hour', recipients: Number(recipients) }),
  ],
  [
    /^route (of sender )?(\S+) to (.+)$/,
    (sender, domain = '', target = '') => ({
      ...{ kind: 'route', scope: sender === undefined ? 'destination' : 'sender', domain, target },
    }),
  ],
  [/^outbound mail$/, () => ({ kind: 'outbound mail' })],
  [/^TLS$/, () => ({ kind: 'TLS' })],
  [/^under TLS$/, () => ({ kind: 'under TLS' })],
  [/^submission$/, () => ({ kind: 'submission' })],
  [/^logged in as (\S+)$/, (name = '') => ({ kind: 'logged in', name })],
  [/^lmtp$/, () => ({ kind: 'lmtp' })],
  [
    /^(\S+) may hold (\d+) (octets|messages)$/,
    (name = '', count = '', kind = '') => ({ kind: 'quota', name, quota: { [kind]: Number(count) } }),
  ],
  [/^(\S+) is disabled and refuses mail$/, (name = '') => ({ kind: 'disabled', name })],
  [/^peer (\S+)$/, (address = '') => ({ kind: 'peer', address })],
  [/^local address (\S+)$/, (address = '') => ({ kind: 'local address', address })],
  [/^largest message (\d+) octets$/, (octets = '') => ({ kind: 'largest message', octets: Number(octets) })],
  [
    /^store failure (busy|full|in-use|over-quota|over-quota-meanwhile|over-limit|missing|refused|unavailable) at (resolve|login|write|commit|open|read|remove)$/,
    (failure = '', at = '') => ({ kind: 'store failure', failure: failure as StoreErrorKind, at: at as StorePoint }),
  ],
];

const COUNT = /^(\S+) has (\d+) messages?$/;
const MESSAGE = new RegExp(`^(\\S+) message (\\d+) (is|begins with|ends with|contains|lacks) ${QUOTED}$`);

/** @throws Error that names the file and the line. */
export function readDialogue(path: string): Dialogue {
  const lines = readFileSync(path, 'utf8').split('\n');
  const [, protocol, name, rule] = TITLE.exec(lines[0] ?? '') ?? [];
  if (name !== basename(path, '.txt') || !path.includes(`/${protocol ?? '?'}/`))
    throw new Error(`${path}:1 must be "# test/dialogue/…/${basename(path)} — RFC …: the rule"`);
  const givens: Given[] = [];
  const steps: Step[] = [];
  lines.forEach((text, at) => {
    if (text === '' || text.startsWith('#')) return;
    try {
      if (text.startsWith('given ')) givens.push(readGiven(text.slice(6)));
      else steps.push(...readSteps(text, at + 1));
    } catch (error) {
      throw new Error(`${path}:${at + 1}: ${text}`, { cause: error });
    }
  });
  if (steps.length === 0) throw new Error(`${path} says nothing`);
  return { protocol: protocol as ProtocolName, name, rule: rule as string, givens, steps: grouped(steps) };
}

const REPEATED = /\\\{(.*?)\*(\d+)\}/g;
const ESCAPED = /\\(?:x([0-9a-f]{2})|(.))/gi;
const LETTERS: ReadonlyMap<string, string> = new Map([
  ['r', '\r'],
  ['n', '\n'],
  ['t', '\t'],
  ['0', '\0'],
  ['"', '"'],
  ['\\', '\\'],
]);

/** `\r \n \t \0 \" \\ \xHH`, and `\{text*N}` for so many times the text. */
function unescape(text: string): Buffer {
  const pieces = piecesBetween(text, REPEATED, unescapeOnce, ([, part = '', times]) => {
    const bytes = unescapeOnce(part);
    return Buffer.alloc(bytes.length * Number(times), bytes);
  });
  return Buffer.concat(pieces);
}

function unescapeOnce(text: string): Buffer {
  return Buffer.concat(
    piecesBetween(
      text,
      ESCAPED,
      (plain) => Buffer.from(plain),
      ([, hex, letter]) => escaped(hex, letter),
    ),
  );
}

/** What stands between the matches, and the matches, in their order. */
function piecesBetween(
  text: string,
  pattern: RegExp,
  plain: (between: string) => Buffer,
  special: (match: RegExpExecArray) => Buffer,
): readonly Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > from) pieces.push(plain(text.slice(from, match.index)));
    pieces.push(special(match));
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push(plain(text.slice(from)));
  return pieces;
}

function escaped(hex: string | undefined, letter = ''): Buffer {
  if (hex !== undefined) return Buffer.from(hex, 'hex');
  const byte = LETTERS.get(letter);
  if (byte === undefined) throw new Error(`\\${letter} is not an escape`);
  return Buffer.from(byte);
}

function readGiven(text: string): Given {
  for (const [pattern, make] of GIVENS) {
    const match = pattern.exec(text);
    if (match !== null) return make(...match.slice(1));
  }
  throw new Error('not a given');
}

function readSteps(text: string, line: number): readonly Step[] {
  if (text.startsWith('then ')) return [{ line, session: 0, ...readCheck(text.slice(5)) }];
  const [, who, number, times, said = ''] = TURN.exec(text) ?? [];
  if (who === undefined) throw new Error('not a line of a dialogue');
  const session = number === '' ? 1 : Number(number);
  const step = { line, session, ...readTurn(who, said) };
  return Array.from({ length: Number(times ?? 1) }, () => step);
}

function readTurn(who: string, said: string) {
  if (who === 'B') return { kind: 'send', bytes: unescape(said) } as const;
  if (who === 'R') return { kind: 'expect bytes', bytes: unescape(said) } as const;
  if (who === 'S')
    return said === '(closed)'
      ? ({ kind: 'expect close' } as const)
      : ({ kind: 'expect', text: said, pattern: globOf(said) } as const);
  if (said === '(closes)') return { kind: 'drop' } as const;
  if (said === '(half-closes)') return { kind: 'half-close' } as const;
  if (said === '(shakes hands)') return { kind: 'handshake' } as const;
  return { kind: 'send', bytes: Buffer.from(`${said}\r\n`) } as const;
}

function readCheck(text: string) {
  const [, name, messages] = COUNT.exec(text) ?? [];
  if (name !== undefined) return { kind: 'count', name, messages: Number(messages) } as const;
  const [, whose, number, how, bytes] = MESSAGE.exec(text) ?? [];
  if (whose === undefined) throw new Error('not a check');
  const test: Test = { how: how as Test['how'], bytes: unescape(bytes ?? '') };
  return { kind: 'message', name: whose, number: Number(number), test } as const;
}

/** A line's bytes are compared as Latin-1, so that none is lost. */
function globOf(text: string): RegExp {
  const latin1 = Buffer.from(text).toString('latin1');
  return new RegExp(`^${latin1.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 's');
}

/** Lines that a client sends one after the other travel together, as a pipelined group. */
function grouped(steps: readonly Step[]): readonly Step[] {
  const groups: Step[] = [];
  for (const step of steps) {
    const before = groups.at(-1);
    if (step.kind === 'send' && before?.kind === 'send' && before.session === step.session)
      groups[groups.length - 1] = { ...before, bytes: Buffer.concat([before.bytes, step.bytes]) };
    else groups.push(step);
  }
  return groups;
}

/** A message of exactly so many octets, of lines no longer than 72. */
function messageOf(octets: number): Buffer {
  const head = 'Delivered-To: somebody\r\nSubject: test\r\n\r\n';
  const left = octets - head.length;
  if (left < 0 || left === 1) throw new Error(`a message has at least ${head.length + 2} octets`);
  const text = Array.from({ length: left - 2 }, (_, at) => (at % 72 === 70 ? '\r' : at % 72 === 71 ? '\n' : 'x'));
  if (text.at(-1) === '\r') text[text.length - 1] = 'x';
  return Buffer.from(left === 0 ? head : `${head}${text.join('')}\r\n`);
}
