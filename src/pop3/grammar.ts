/** The arguments that POP3 commands share (RFC 1939 §3, RFC 2449 §4). */
import { decimal, parsed, unparsed, wordsOf, type Grammar } from '../session/grammar.js';

/** More digits than any maildrop needs; a number that is only too large is still a number, and no such message. */
const NUMBER_DIGITS = 10;

/** A message-number: one decimal. Whether there is such a message is the listing's to say. */
export const messageNumber: Grammar<number> = (text) => {
  const number = decimal(text, NUMBER_DIGITS);
  return number === undefined ? unparsed : parsed(number);
};

/** A message-number and a count of lines, which may be any number: with more than there are the whole message is shown. */
export const numberAndLines: Grammar<{ readonly number: number; readonly lines: number }> = (text) => {
  const [first, second, ...rest] = wordsOf(text);
  const number = decimal(first ?? '', NUMBER_DIGITS);
  const lines = decimal(second ?? '', Infinity);
  return number === undefined || lines === undefined || rest.length > 0 ? unparsed : parsed({ number, lines });
};

/** All words behind the verb: names may hold blanks (RFC 1939 §7). */
export const text: Grammar<string> = (argument) => (argument === '' ? unparsed : parsed(argument));

/** Everything behind PASS and one blank; undefined for what is not UTF-8, which no password is. */
export const password: Grammar<string | undefined> = (argument, isUtf8 = true) =>
  argument === '' ? unparsed : parsed(isUtf8 ? argument : undefined);
