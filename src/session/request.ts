/** A command line before anybody acts on it: parted, and made fit to be shown. */
import { isUtf8, type Buffer } from 'node:buffer';
import { isBlank, withoutBlanks } from './grammar.js';

/** A command line, decoded and parted. */
export interface Request {
  readonly verb: string;
  /** Behind the verb and one blank, with all further blanks. */
  readonly argument: string;
  /** Otherwise each octet of the line has become one character (Latin-1). */
  readonly isUtf8: boolean;
}

/** What is shown of a secret. */
export const MASKED = '****';

const UNREADABLE = /[\0\r\n]/;

/** Undefined for a line that no grammar should see: NUL, bare CR or LF. Blanks may stand before the verb, as in Postfix. */
export function readRequest(line: Buffer): Request | undefined {
  const isText = isUtf8(line);
  const text = line.toString(isText ? 'utf8' : 'latin1');
  if (UNREADABLE.test(text)) return undefined;
  const start = endOfBlanks(text);
  const end = endOfWord(text, start);
  return { verb: verbOf(text.slice(start, end)), argument: text.slice(end + 1), isUtf8: isText };
}

/** The first word of a line that may have come in part, as the verb that it would be. */
export function verbOf(word: string): string {
  // Letters of ASCII alone have two cases here: some others would become one of them, such as the long s.
  return /[^ -~]/.test(word) ? word : word.toUpperCase();
}

function endOfBlanks(text: string): number {
  let at = 0;
  while (isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

function endOfWord(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

/** What is asked of a protocol here. */
interface Vocabulary {
  readonly commands: ReadonlyMap<string, { readonly secret?: true }>;
}

/** Without secrets. An unknown command may be a password typed in the wrong place: only its verb is shown. */
export function shown({ commands }: Vocabulary, { verb, argument }: Request): string {
  const command = commands.get(verb);
  const text = withoutBlanks(argument);
  if (text === '') return verb;
  return command === undefined || command.secret === true ? `${verb} ${MASKED}` : `${verb} ${text}`;
}
