/**
 * Names and addresses in a header field (RFC 5322 §3.4), for people: whatever a sender wrote is read as far as it goes, and a text without
 * an address is a name. For lists that are decoded already as well, where a comma may stand in a name. Takes time by its length alone.
 */

export interface NamedAddress {
  readonly name: string;
  readonly address: string;
}

const ADDRESSES_LIMIT = 500;
/** More of it is not looked at. */
const LIMIT_CHARACTERS = 64 * 1024;
/** Where each quote has another, a quoted string is found at the first look. */
const BALANCED = /^(?:[^"]|"(?:[^"\\]|\\[^])*")*$/;
/** A quoted string, an address in brackets, a separator, or text. A bracket that nothing ends is text. */
const TOKEN = /"((?:[^"\\]|\\[^])*)"|<([^<>"]*)>|([,;])|[^"<>,;]+|[<>]/g;
/** A longer text before a comma begins no name: it would be looked at again at each comma. */
const NAME_LIMIT_CHARACTERS = 500;
/** `Friends:` before the members of a group. */
const GROUP = /^[^@:]*:/;
const BARE = /^[^\s@]+@[^\s@]+$/;

export function addressesIn(text: string): readonly NamedAddress[] {
  const found: NamedAddress[] = [];
  let words = '';
  const whole = text.slice(0, LIMIT_CHARACTERS);
  const read = BALANCED.test(whole) ? whole : whole.replaceAll('"', '');
  for (const [token, quoted, bracketed, separator] of read.matchAll(TOKEN)) {
    if (found.length >= ADDRESSES_LIMIT) return found;
    if (bracketed !== undefined) {
      found.push({ name: nameIn(words), address: bracketed.trim() });
      words = '';
    } else if (separator === undefined) words += quoted === undefined ? token : quoted.replace(/\\([^])/g, '$1');
    else words = separated(words, separator, found);
  }
  if (words.trim() !== '') found.push(lone(words));
  return found;
}

/** What stands before a separator, if it is no address, may be the beginning of a name that has a comma. */
function separated(words: string, separator: string, found: NamedAddress[]): string {
  const text = words.replace(GROUP, '').trim();
  const maybeName = !text.includes('@') && text.length < NAME_LIMIT_CHARACTERS;
  if (maybeName) return separator === ',' && text !== '' ? `${text},` : '';
  found.push(lone(text));
  return '';
}

/** Without brackets. */
function lone(words: string): NamedAddress {
  const text = words.replace(GROUP, '').trim();
  return BARE.test(text) ? { name: '', address: text } : { name: text, address: '' };
}

function nameIn(words: string): string {
  return words.replace(GROUP, '').trim();
}
