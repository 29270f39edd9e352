/** A command line before anybody acts on it: parted, judged, and made fit to be shown. */
import type { Buffer } from 'node:buffer';

/** A command line, decoded and parted. */
export interface Request {
  readonly verb: string;
  readonly argument: string;
}

/** What is shown of a secret. */
export const MASKED = '****';

const UNREADABLE = /[\0\r\n\ufffd]/;

/** Undefined for a line that no grammar should see: NUL, bare CR or LF, not UTF-8. */
export function readRequest(line: Buffer): Request | undefined {
  const text = line.toString();
  if (UNREADABLE.test(text)) return undefined;
  const space = text.indexOf(' ');
  return space === -1
    ? { verb: verbOf(text), argument: '' }
    : { verb: verbOf(text.slice(0, space)), argument: text.slice(space + 1) };
}

/** Letters of ASCII alone have two cases here: some others would become one of them, such as the long s. */
function verbOf(word: string): string {
  return /[^ -~\t]/.test(word) ? word : word.toUpperCase();
}

/** What is asked of a protocol here. */
interface Vocabulary {
  readonly commands: ReadonlyMap<string, { readonly secret?: true }>;
  readonly notOffered: ReadonlySet<string>;
}

const HTTP_METHOD = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|CONNECT|OPTIONS|TRACE)$/;

/** A first line that is no command comes from no client of ours; and a browser may be sent here by a hostile page. */
export function isForeign({ commands, notOffered }: Vocabulary, { verb }: Request, first: boolean): boolean {
  return !commands.has(verb) && !notOffered.has(verb) && (first || HTTP_METHOD.test(verb));
}

/** Without secrets. An unknown command may be a password typed in the wrong place: only its verb is shown. */
export function shown({ commands }: Pick<Vocabulary, 'commands'>, { verb, argument }: Request): string {
  const command = commands.get(verb);
  if (argument.trim() === '') return verb;
  return command === undefined || command.secret === true ? `${verb} ${MASKED}` : `${verb} ${argument.trimEnd()}`;
}
