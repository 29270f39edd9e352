/**
 * What is left to read of HTML when its tags go: for a shell, not for rendering. One pass from left to right; nothing is
 * looked for twice, whatever a sender wrote, so it takes time by the length alone.
 */
import type { Buffer } from 'node:buffer';
import { fromC1 } from './charset.js';

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
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z][a-z0-9]{1,7}));/gi;
/** Of HTML 4, for 160 to 255. */
const LATIN_1 = (
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para ' +
  'middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute ' +
  'Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute ' +
  'THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ' +
  'ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml'
).split(' ');
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ...LATIN_1.map((name, at) => [name, String.fromCharCode(160 + at)] as const),
  ...Object.entries({ lt: '<', gt: '>', quot: '"', amp: '&', apos: "'", nbsp: ' ', shy: '', euro: '€', hellip: '…' }),
  ...Object.entries({ ndash: '–', mdash: '—', lsquo: '‘', rsquo: '’', sbquo: '‚', ldquo: '“', rdquo: '”', bdquo: '„' }),
  ...Object.entries({
    bull: '•',
    trade: '™',
    lsaquo: '‹',
    rsaquo: '›',
    OElig: 'Œ',
    oelig: 'œ',
    Scaron: 'Š',
    scaron: 'š',
  }),
]);
const LAST_CODE_POINT = 0x10ffff;

/** Where nothing else names a charset, a document may; browsers look no further for it. */
const PRESCAN_BYTES = 1024;
const META_CHARSET = /<meta\s[^>]*?charset\s*=\s*["']?\s*([^"'\s;/>]{1,60})/i;

/** One that could be read so far is not in UTF-16, whatever it says. */
export function charsetOfHtml(octets: Buffer): string | undefined {
  const named = META_CHARSET.exec(octets.toString('latin1', 0, PRESCAN_BYTES))?.[1];
  return named?.toLowerCase().startsWith('utf-16') === true ? undefined : named;
}

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
  if (decimal === undefined && hexadecimal === undefined)
    return ENTITIES.get(name) ?? ENTITIES.get(name.toLowerCase()) ?? whole;
  const code = decimal === undefined ? parseInt(hexadecimal as string, 16) : Number(decimal);
  if (code > LAST_CODE_POINT) return whole;
  const character = String.fromCodePoint(code);
  return code >= 0x80 && code < 0xa0 ? fromC1(character) : character; // As browsers read it.
}
