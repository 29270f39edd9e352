/** Tables that both protocols have: commands, examples, announcements, limits and faults. */
import { Buffer } from 'node:buffer';
import type { Row, State } from '../../src/session/command.js';
import { syntaxOf } from '../../src/session/help.js';
import { announcements, type Protocol, type SessionContext } from '../../src/session/protocol.js';
import type { Reply } from '../../src/session/reply.js';
import { code, codes, table, type Cell } from './markdown.js';

type Words = Readonly<Record<string, string>>;

export function commandTable<S extends State, C extends SessionContext, Need extends string>(
  { commands }: Protocol<S, C, Need>,
  context: C,
): string {
  const row = (command: Row<S, C, Need>): readonly string[] => [
    code(syntaxOf(command)),
    command.rfc,
    command.help.summary,
    (command.at as readonly string[]).join(', '),
    command.needs?.join(', ') ?? '',
    codes(command.announce?.(context) ?? []),
  ];
  return table(
    ['Command', 'Defined in', 'What it does', 'States', 'Gates', 'Announces'],
    [...commands.values()].map(row),
  );
}

export function exampleTable<S extends State, C extends SessionContext, Need extends string>({
  commands,
}: Protocol<S, C, Need>): string {
  const row = ({ verb, help }: Row<S, C, Need>): readonly string[] => [verb, code(help.example), help.next];
  return table(['Verb', 'Example', 'What may come next'], [...commands.values()].map(row));
}

/** Verbs whose argument is never shown. */
export function secretVerbs<S extends State, C extends SessionContext, Need extends string>({
  commands,
}: Protocol<S, C, Need>): readonly string[] {
  return [...commands.values()].filter(({ secret }) => secret === true).map(({ verb }) => verb);
}

/** The lines of EHLO or CAPA. */
export function announced<S extends State, C extends SessionContext, Need extends string>(
  { commands }: Protocol<S, C, Need>,
  context: C,
): readonly string[] {
  return announcements(commands, context);
}

/** @throws when something is announced that nobody has described, or described that nobody announces. */
export function announcementTable(
  lines: readonly string[],
  words: Readonly<Record<string, readonly [rfc: string, meaning: string]>>,
): string {
  const unused = new Set(Object.keys(words));
  const rows = lines.map((line) => {
    const [keyword = ''] = line.split(' ');
    const [rfc, meaning] = words[keyword] ?? [];
    if (rfc === undefined || meaning === undefined) throw new Error(`words.ts does not describe ${keyword}`);
    unused.delete(keyword);
    return [code(line), rfc, meaning];
  });
  if (unused.size > 0) throw new Error(`words.ts describes ${[...unused].join(', ')}, which nobody announces`);
  return table(['Line', 'Defined in', 'Meaning'], rows);
}

export function described(words: Words): readonly (readonly [string, string])[] {
  return Object.entries(words);
}

export function sessionLimits<S extends State, C extends SessionContext, Need extends string>({
  limits,
  errorReplies,
}: Protocol<S, C, Need>): readonly (readonly Cell[])[] {
  return [
    ['command line, without its CRLF', `${limits.lineLimitBytes} octets`, first(errorReplies.lineTooLong)],
    ['failed commands at full speed', limits.quickErrors, `each further refusal waits ${limits.errorDelayMs / 1000} s`],
    ['failed commands in a session', limits.errorLimit, `after one more: ${first(errorReplies.tooManyErrors)}`],
    ['first command, after the greeting', minutes(limits.greetingTimeoutMs), first(errorReplies.idle)],
    ['next command, or taking what was said', minutes(limits.commandTimeoutMs), first(errorReplies.idle)],
    ['nothing at all inside a message', minutes(limits.dataTimeoutMs), first(errorReplies.idle)],
    ['a message that comes slowly', `${limits.minBodyBytesPerSecond} octets a second`, first(errorReplies.slow)],
    ['the whole session', minutes(limits.sessionTimeoutMs), first(errorReplies.session)],
    ['octets sent before the greeting', 0, first(errorReplies.earlyTalker)],
    [
      'a line of HTTP, SIP, RTSP or SSH, TLS in clear, a first line that is binary',
      0,
      first(errorReplies.otherProtocol),
    ],
    ['nothing behind a bare LF, LF CR or CR NUL', `${limits.bareNewlineWaitMs} ms`, first(errorReplies.unreadable)],
    [
      'octets received while a command runs',
      limits.inputHighWaterBytes,
      'nothing more is read until it has been answered',
    ],
  ];
}

function minutes(ms: number): string {
  return `${ms / 60_000} minutes`;
}

/** What a command that makes no sense in a state is answered. */
export function badSequenceTable<S extends State, C extends SessionContext, Need extends string>(
  { commands, errorReplies }: Protocol<S, C, Need>,
  states: Words,
): string {
  const rows = Object.keys(states).flatMap((at) => {
    const verbs = new Map<string, string[]>();
    for (const row of commands.values()) {
      if ((row.at as readonly string[]).includes(at)) continue;
      const reply = first(errorReplies.badSequence(row, { at } as S));
      verbs.set(reply, [...(verbs.get(reply) ?? []), row.verb]);
    }
    return [...verbs].map(([reply, found]) => [at, found.join(', '), reply]);
  });
  return table(['State', 'Commands', 'Reply'], rows);
}

export function faultTable<S extends State, C extends SessionContext, Need extends string>({
  errorReplies,
  initial,
}: Protocol<S, C, Need>): string {
  return table(
    ['What happened', 'Reply'],
    [
      ['the verb is not known', first(errorReplies.unknown('', initial))],
      ['the line holds a NUL, or a bare CR or LF', first(errorReplies.unreadable)],
      ['the login of the session does not stand any more; it closes', first(errorReplies.revoked)],
      ['the server is stopping; it closes', first(errorReplies.stopping)],
      ['a bug; it is logged, and the server closes', first(errorReplies.internal)],
    ],
  );
}

/** The first line of a reply, as code. */
export function first({ head }: Reply): string {
  const [line = ''] = Buffer.from(head).toString().split('\r\n');
  return code(line);
}
