/**
 * What is left to read of HTML when its tags go: for a shell, not for rendering. One pass from left to right; nothing is
 * looked for twice, whatever a sender wrote, so it takes time by the length alone.
 */

/** What begins a tag, a comment or a declaration; any other `<` is text. */
const MARKUP = /<(?=[a-z/!?])/gi;
const TAG_NAME = /\/?[a-z]{1,10}[1-6]?/iy;
/** Their text is not for reading. */
const UNREAD: ReadonlyMap<string, RegExp> = new Map([
  ['style', /<\/style/gi],
  ['script', /<\/script/gi],
]);
const NEW_LINE: ReadonlySet<string> = new Set([
  'br',
  '/p',
  '/div',
  '/tr',
  '/li',
  '/h1',
  '/h2',
  '/h3',
  '/h4',
  '/h5',
  '/h6',
]);
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(lt|gt|quot|amp|apos|nbsp));/gi;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', amp: '&', apos: "'", nbsp: ' ' };
const LAST_CODE_POINT = 0x10ffff;

export function textOfHtml(html: string): string {
  return withoutBlanks(withoutTags(html)).replace(ENTITY, entity);
}

/** A tag that does not end, or text that is not for reading and does not end, takes the rest with it: so it is in browsers. */
function withoutTags(html: string): string {
  const pieces: string[] = [];
  let at = 0;
  while (at < html.length) {
    const tag = next(MARKUP, html, at);
    pieces.push(html.slice(at, tag));
    if (tag === html.length) break;
    const name = nameAt(html, tag + 1);
    if (NEW_LINE.has(name)) pieces.push('\n');
    at = endOfMarkup(html, tag, name);
  }
  return pieces.join('');
}

function endOfMarkup(html: string, tag: number, name: string): number {
  if (html.startsWith('<!--', tag)) return behind('-->', html, tag + '<!--'.length);
  const unread = UNREAD.get(name);
  return unread === undefined ? behind('>', html, tag) : behind('>', html, next(unread, html, tag));
}

function nameAt(html: string, at: number): string {
  TAG_NAME.lastIndex = at;
  return TAG_NAME.exec(html)?.[0].toLowerCase() ?? '';
}

/** Where the next of them begins, or the end. */
function next(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}

function behind(found: string, text: string, from: number): number {
  const at = text.indexOf(found, from);
  return at === -1 ? text.length : at + found.length;
}

/** Neither empty lines nor blanks at the ends of lines. */
function withoutBlanks(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}

function entity(whole: string, decimal?: string, hexadecimal?: string, name = ''): string {
  if (decimal === undefined && hexadecimal === undefined) return ENTITIES[name.toLowerCase()] ?? whole;
  const code = decimal === undefined ? parseInt(hexadecimal as string, 16) : Number(decimal);
  return code <= LAST_CODE_POINT ? String.fromCodePoint(code) : whole;
}
