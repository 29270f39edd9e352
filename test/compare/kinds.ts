/** Every kind, and the cases that follow from a seed: for each kind in turn another one, none of them twice. */
import { boxes, addressOf } from '../../bench/peers/accounts.js';
import { Dice } from '../fuzz/words.js';
import type { Kind, Said } from './kind.js';
import { lmtpMessages, smtpMessages } from './kinds/messages.js';
import { pop3Kinds } from './kinds/pop3.js';
import { lmtpAddresses, smtpAddresses } from './kinds/smtp-addresses.js';
import { lmtpOrder, smtpLines } from './kinds/smtp-lines.js';
import { smtpNames } from './kinds/smtp-names.js';
import { submissionKinds } from './kinds/submission.js';

export interface Case extends Said {
  readonly kind: Kind;
  readonly number: number;
  /** Of the prelude and the steps. */
  readonly mailbox: string;
}

export const kinds: readonly Kind[] = [
  ...[...smtpNames, ...smtpAddresses, ...smtpLines, ...smtpMessages],
  ...submissionKinds,
  ...[...lmtpAddresses, ...lmtpOrder, ...lmtpMessages],
  ...pop3Kinds,
];

/** A kind with few cases gives way to others when they are used up. */
const ROUNDS_WITHOUT_NEWS = 3;

/** A prime above the number of kinds: neighbours are of kinds that are far apart, and a few cases are of all rules. */
const STRIDE = 7919;

export function casesOf(seed: number, count: number, from: readonly Kind[] = kinds): readonly Case[] {
  const cases: Case[] = [];
  const seen = new Set<string>();
  let old = 0;
  for (let number = 0; cases.length < count && old < from.length * ROUNDS_WITHOUT_NEWS; number++) {
    const kind = from[(number * STRIDE) % from.length] as Kind;
    const mailbox = mailboxOf(number);
    const said = kind.make(new Dice(seed * 1_000_003 + number), mailbox);
    const key = `${kind.name} ${said.steps.map(({ bytes }) => bytes.toString('latin1')).join('')}`;
    if (seen.has(key)) old += 1;
    else {
      old = 0;
      cases.push({ ...said, kind, number, mailbox });
    }
    seen.add(key);
  }
  return cases;
}

/** One of few: those with the same one take turns. */
function mailboxOf(number: number): string {
  const all = boxes();
  return addressOf(all[number % all.length] as string);
}
