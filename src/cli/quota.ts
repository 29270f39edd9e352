/** What an account or a domain may hold, as commands read and say it. */
import { bytes, integer } from '../config/units.js';
import type { Quota } from '../store/quotas.js';
import { type Operand } from './command.js';
import { counted } from './terminal.js';
import { typed } from './typed.js';

const NONE = 'none';
const MESSAGES_HIGHEST = 1e12;

export const quotaOperands: readonly Operand[] = [
  { name: 'SIZE', doc: 'how much, such as 1GiB or 500MB; or none for any amount' },
  { name: 'MESSAGES', doc: 'how many messages; any number unless told', optional: true },
];

/** @throws UsageError */
export function quotaOf(size: string = NONE, messages: string = NONE): Quota {
  return {
    ...limited('octets', size, bytes),
    ...limited('messages', messages, integer(0, MESSAGES_HIGHEST)),
  };
}

/** Nothing for none. */
function limited(kind: keyof Quota, text: string, read: (text: string) => number): Quota {
  if (text.toLowerCase() === NONE) return {};
  return { [kind]: typed(text, read, (why) => `a quota ${why}; none takes it away`) };
}

/** What follows `may hold`. */
export function quotaText({ octets, messages }: Quota): string {
  if (octets === undefined) return messages === undefined ? 'any amount' : counted(messages, 'message');
  return messages === undefined ? `${octets} octets` : `${octets} octets in ${counted(messages, 'message')}`;
}

/** Octets, and then messages where they count. */
export function quotaColumn(octets: number | undefined, messages: number | undefined): string {
  const size = octets === undefined ? NONE : String(octets);
  return messages === undefined ? size : `${size}, ${counted(messages, 'message')}`;
}
