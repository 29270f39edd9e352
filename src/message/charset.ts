/**
 * Octets to text, by the name that a sender gave their charset. Names mean what the Encoding Standard says
 * (https://encoding.spec.whatwg.org/#names-and-labels), as in browsers and mail programs: ISO-8859-1 is Windows-1252. Other spellings
 * that stand in mail are known too. Octets without a charset, or with one that nobody knows, are UTF-8 where that is what they look
 * like, and Windows-1252 otherwise. Never throws, and takes time by the length alone.
 */
import { isUtf8, type Buffer } from 'node:buffer';
import { TextDecoder } from 'node:util';

/** Opening one costs more than a short text does: those of one message are kept together. */
export type Decoders = Map<string, TextDecoder | undefined>;

const WINDOWS_1252 = 'windows-1252';
const UTF_8 = 'utf-8';
/** What stands for octets that mean nothing. */
export const REPLACEMENT = '\ufffd';

/** Names in small letters and digits alone, without a prefix (`PREFIX`); code pages as `cp` and their number. */
const NAMES: Readonly<Record<string, string>> = {
  'utf-8': 'utf8 utf8mb4 unicode11utf8 unicode20utf8 cp65001',
  'utf-16le': 'utf16 utf16le ucs2 iso10646ucs2 unicode unicodefeff cp1200',
  'utf-16be': 'utf16be unicodefffe cp1201',
  'windows-1252': 'iso88591 latin1 isoir100 ansi cp819 cp1252 cp28591',
  'iso-8859-2': 'iso88592 latin2 isoir101 cp28592',
  'iso-8859-3': 'iso88593 latin3 isoir109 cp28593',
  'iso-8859-4': 'iso88594 latin4 isoir110 cp28594',
  'iso-8859-5': 'iso88595 cyrillic latincyrillic isoir144 cp28595',
  'iso-8859-6': 'iso88596 iso88596e iso88596i arabic latinarabic asmo708 ecma114 isoir127 cp28596',
  'iso-8859-7': 'iso88597 greek greek8 latingreek ecma118 elot928 isoir126 suneugreek cp28597',
  'iso-8859-8': 'iso88598 iso88598e hebrew latinhebrew visual isoir138 cp28598',
  'iso-8859-8-i': 'iso88598i logical cp38598',
  'iso-8859-10': 'iso885910 latin6',
  'iso-8859-13': 'iso885913 latin7 cp28603',
  'iso-8859-14': 'iso885914 latin8',
  'iso-8859-15': 'iso885915 latin9 cp28605',
  'iso-8859-16': 'iso885916 latin10',
  'windows-874': 'cp874 tis620 iso885911',
  'windows-1250': 'cp1250',
  'windows-1251': 'cp1251',
  'windows-1253': 'cp1253',
  'windows-1254': 'cp1254 iso88599 latin5 isoir148 cp28599',
  'windows-1255': 'cp1255',
  'windows-1256': 'cp1256',
  'windows-1257': 'cp1257',
  'windows-1258': 'cp1258',
  'koi8-r': 'koi8r koi8 koi cp20866',
  'koi8-u': 'koi8u koi8ru cp21866',
  ibm866: 'cp866',
  macintosh: 'macintosh mac macroman cp10000',
  'x-mac-cyrillic': 'maccyrillic macukrainian cp10007',
  gb18030: 'gb18030 gbk gb2312 gb231280 iso58gb231280 chinese isoir58 euccn cp936 cp51936 cp54936',
  big5: 'big5 big5hkscs cnbig5 cp950 cp951',
  shift_jis: 'shiftjis sjis mskanji cp31j cp932',
  'euc-jp': 'eucjp eucpkdfmtjapanese cp51932',
  'iso-2022-jp': 'iso2022jp iso2022jp1 iso2022jp2 iso2022jpms junet cp50220 cp50221 cp50222',
  'euc-kr': 'euckr ksc5601 ksc56011987 ksc56011989 korean isoir149 uhc cp949 cp51949',
};

const ENCODINGS: ReadonlyMap<string, string> = new Map(
  Object.entries(NAMES).flatMap(([encoding, names]) => names.split(' ').map((name) => [name, encoding] as const)),
);
/** Longer is none of them. */
const LABEL_LIMIT_CHARACTERS = 60;
const YEAR = /:\d{4}$/;
const PUNCTUATION = /[^a-z0-9]+/g;
const PREFIX = /^(?:xx?|cs)(?=[a-z])/;
const CODE_PAGE = /^(?:windows|win|ms|ibm|dos|codepage)?(?=\d{3,5}$|31j$)/;
const LATIN = /^(?:isolatin|l)(?=\d|[acgh][a-z]{4,7}$)/;

/** 0x80 to 0x9F, where Windows-1252 has what ISO-8859-1 has controls for. Done here: not every Node does it right. */
const FROM_80 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';
const C1 = /[\x80-\x9f]/g;

/** As the Encoding Standard calls it; undefined for a name that nobody knows, and for ASCII, which does not say what other octets are. */
export function encodingOf(label: string): string | undefined {
  if (label.length > LABEL_LIMIT_CHARACTERS) return undefined;
  const name = label.trim().toLowerCase().replace(YEAR, '').replace(PUNCTUATION, '');
  return ENCODINGS.get(spelled(name)) ?? ENCODINGS.get(spelled(name.replace(PREFIX, '')));
}

/** @param label the charset's name, as the message gives it */
export function decode(octets: Buffer, label = '', decoders: Decoders = new Map()): string {
  const encoding = byteOrder(octets) ?? encodingOf(label);
  if (encoding === undefined || encoding === UTF_8) return guessed(octets);
  if (encoding === WINDOWS_1252) return windows1252(octets);
  return decoderOf(encoding, decoders)?.decode(octets) ?? guessed(octets);
}

/** A character in 0x80 to 0x9F as most senders mean it. */
export function fromC1(character: string): string {
  return FROM_80.charAt(character.charCodeAt(0) - 0x80);
}

function spelled(name: string): string {
  return name.replace(CODE_PAGE, 'cp').replace(LATIN, 'latin');
}

/** A text that begins with a mark of UTF-16 is nothing else. */
function byteOrder(octets: Buffer): string | undefined {
  const [first, second] = octets;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
}

/** Undefined where Node was built without it. */
function decoderOf(encoding: string, decoders: Decoders): TextDecoder | undefined {
  if (!decoders.has(encoding)) decoders.set(encoding, opened(encoding));
  return decoders.get(encoding);
}

function opened(encoding: string): TextDecoder | undefined {
  try {
    return new TextDecoder(encoding);
  } catch {
    return undefined;
  }
}

/** A text that was cut inside a character, or has some octets that are wrong, is UTF-8 all the same. */
function guessed(octets: Buffer): string {
  const text = octets.toString();
  return isUtf8(octets) || looksLikeUtf8(text) ? withoutMark(text) : windows1252(octets);
}

function looksLikeUtf8(text: string): boolean {
  let good = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0xfffd) good -= 1;
    else if (code > 0x7f) good += 1;
  }
  return good >= 0;
}

function windows1252(octets: Buffer): string {
  return octets.toString('latin1').replace(C1, fromC1);
}

function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
