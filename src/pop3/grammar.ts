/** The arguments that POP3 commands share (RFC 1939 §3, RFC 2449 §4). */
import { decimal, parsed, unparsed, withoutTrailingSpaces, type Grammar } from '../session/grammar.js';

/** More digits than any maildrop needs; a number that is only too large is still a number, and no such message. */
const NUMBER_DIGITS = 10;

/** A message-number: one decimal. Whether there is such a message is the listing's to say. */
export const messageNumber: Grammar<number> = (text) => {
  const number = decimal(withoutTrailingSpaces(text), NUMBER_DIGITS);
  return number === undefined ? unparsed : parsed(number);
};

/** A message-number and a count of lines. */
export const numberAndLines: Grammar<{ readonly number: number; readonly lines: number }> = (text) => {
  const [first, second, ...rest] = withoutTrailingSpaces(text).split(' ');
  const number = decimal(first ?? '', NUMBER_DIGITS);
  const lines = decimal(second ?? '', NUMBER_DIGITS);
  return number === undefined || lines === undefined || rest.length > 0 ? unparsed : parsed({ number, lines });
};

/** Everything behind the verb, spaces too: names and passwords may hold them (RFC 1939 §7). */
export const text: Grammar<string> = (argument) => (argument === '' ? unparsed : parsed(argument));
