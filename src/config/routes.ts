/** Where a route leads, as an operator writes it: URLs of relays, `hold`, `hold:TEXT` or `error:TEXT`, as in Postfix's transport(5). */
import type { RouteAction } from '../store/routes.js';
import { relays } from './relays.js';
import { InvalidValue } from './units.js';

const ENHANCED = /^([45])\.(\d{1,3}\.\d{1,3})(?: +|$)/;
/** Of a class that refuses nothing. */
const NO_REFUSAL = /^[^45]\.\d{1,3}\.\d{1,3}(?: |$)/;
const NOT_SENT_THERE = '7.1';
/** It stands in a line of a reply, behind the path. */
const TEXT_LIMIT_CHARACTERS = 200;

/** @throws InvalidValue */
export function routeAction(text: string): RouteAction {
  const [, kind, words = ''] = /^(hold|error)(?::(.*))?$/is.exec(text.trim()) ?? [];
  if (kind === undefined) return { kind: 'relay', urls: urlsOf(text) };
  if (!/^[ -~]*$/.test(words) || words.length > TEXT_LIMIT_CHARACTERS)
    throw new InvalidValue(`takes a text of at most ${TEXT_LIMIT_CHARACTERS} printable ASCII characters`);
  if (kind.toLowerCase() === 'hold') return { kind: 'hold', text: words.trim() || 'Put on hold by a route' };
  return errorAction(words);
}

/** The text may begin with an enhanced code (RFC 3463); 4.x.x would not end: what is given up is given up. */
function errorAction(words: string): RouteAction {
  if (NO_REFUSAL.test(words.trim()))
    throw new InvalidValue(`takes a text that may begin with a code of 5.x.x such as 5.1.2, not '${words.trim()}'`);
  const detail = ENHANCED.exec(words)?.[2] ?? NOT_SENT_THERE;
  const text = words.replace(ENHANCED, '').trim();
  return { kind: 'error', status: `5.${detail}`, text: text === '' ? 'No mail is sent to this destination' : text };
}

/** As they were written: each is one that --relay would take. */
function urlsOf(text: string): readonly string[] {
  if (relays(text).length === 0) throw new InvalidValue('takes a URL, hold or error:TEXT, not none');
  return text.split(',').map((url) => url.trim());
}
