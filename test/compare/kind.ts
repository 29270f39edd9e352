/**
 * A kind: what a client may say, made by a rule and by dice. Texts are octets, a character each, so that every octet can
 * stand in them; `utf8` writes what is more than one.
 */
import { Buffer } from 'node:buffer';
import type { Dice } from '../fuzz/words.js';

export type ServiceName = 'smtp' | 'submission' | 'lmtp' | 'pop3';

/** One thing that is said, and how many replies are waited for. */
export interface Step {
  readonly bytes: Buffer;
  readonly replies: number;
  /** Only said when the reply before it asked for more (354): a message. */
  readonly whenAsked: boolean;
}

export interface Said {
  /** Lines that must be taken before anything is compared. */
  readonly prelude: readonly string[];
  readonly steps: readonly Step[];
}

export interface Kind {
  /** `smtp sender: two dots`: the rule, and what it does. */
  readonly name: string;
  readonly service: ServiceName;
  make(dice: Dice, mailbox: string): Said;
}

/** What one form of a rule says. `mailbox` is one that exists, with a maildrop that nobody else opens meanwhile. */
export type Form = (dice: Dice, mailbox: string) => string;

export interface Rule {
  readonly name: string;
  readonly service: ServiceName;
  readonly prelude?: (mailbox: string) => readonly string[];
  readonly forms: Readonly<Record<string, Form>>;
  /** From what a form says to what is sent; the form alone unless told. */
  readonly steps?: (said: string, dice: Dice, mailbox: string) => readonly Step[];
  /** How many times as many cases as other rules have; 1 unless told. */
  readonly weight?: number;
}

const alone = (said: string): readonly Step[] => [line(said)];

/** A kind for each form, as often as the rule's weight says. */
export function kindsOf({ name, service, prelude = () => [], forms, steps = alone, weight = 1 }: Rule): Kind[] {
  const kinds = Object.entries(forms).map(([form, say]): Kind => ({
    name: `${name}: ${form}`,
    service,
    make: (dice, mailbox) => ({ prelude: prelude(mailbox), steps: steps(say(dice, mailbox), dice, mailbox) }),
  }));
  return Array.from({ length: weight }, () => kinds).flat();
}

export function raw(text: string, replies = 1): Step {
  return { bytes: Buffer.from(text, 'latin1'), replies, whenAsked: false };
}

export function line(text: string): Step {
  return raw(`${text}\r\n`);
}

/** A message behind DATA; must end with the dot. */
export function message(text: string, replies = 1): Step {
  return { ...raw(text, replies), whenAsked: true };
}

export const SHORT_MESSAGE = 'Subject: compared\r\n\r\nIt is the same.\r\n.\r\n';

export function utf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}

export function base64(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64');
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

export function letters(dice: Dice, count: number): string {
  return Array.from({ length: count }, () => LETTERS.charAt(dice.roll(LETTERS.length))).join('');
}

export function between(dice: Dice, least: number, most: number): number {
  return least + dice.roll(most - least + 1);
}

/** Each letter in any case. */
export function anyCase(dice: Dice, text: string): string {
  return text.replace(/[a-z]/gi, (letter) => (dice.roll(2) === 0 ? letter.toLowerCase() : letter.toUpperCase()));
}

export function blanks(dice: Dice, least = 1, most = 4): string {
  return ' '.repeat(between(dice, least, most));
}

const DOMAINS = ['example.org', 'client.example', 'sub.department.example.com', 'em1234.example', 'mail.example.co.uk'];

export function domain(dice: Dice): string {
  return dice.roll(3) === 0 ? `${letters(dice, between(dice, 2, 12))}.example` : dice.pick(DOMAINS);
}

/** Nothing odd about it. */
export function address(dice: Dice): string {
  return `${dice.pick(['alice', 'bob.builder', 'no-reply', 'o_o', 'a1'])}${dice.roll(1000)}@${domain(dice)}`;
}
