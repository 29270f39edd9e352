/**
 * The line that begins a message in an mbox (RFC 4155, appendix A): `From `, the sender, and a time as asctime writes it. Thunderbird has
 * a hyphen for the sender, some programs a zone before or behind the year.
 */
export interface FromLine {
  /** Undefined where it says nothing. */
  readonly reversePath: string | undefined;
  readonly receivedAtMs: number;
}

/** Longer ones are text. */
export const FROM_LINE_LIMIT_BYTES = 1024;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const LINE =
  /^From (?:(\S*) +)?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +([A-Z][a-z]{2}) +(\d{1,2}) +(\d{1,2}):(\d{2})(?::(\d{2}))?(?: +(?:[A-Z]{1,5}|([+-]\d{4})))? +(\d{4})(?: +([+-]\d{4}))?(?: .*)?\r?$/;
const NOBODY = ['MAILER-DAEMON', '<>'];
const MINUTE_MS = 60_000;

/** Undefined for what is text. Without a zone the time is UTC. */
export function fromLineOf(line: string): FromLine | undefined {
  const [, sender, month = '', day, hours, minutes, seconds = '0', zone, year, zoneBehind] = LINE.exec(line) ?? [];
  const number = MONTHS.indexOf(month.toLowerCase());
  if (number === -1) return undefined;
  const atMs = Date.UTC(Number(year), number, Number(day), Number(hours), Number(minutes), Number(seconds));
  return { reversePath: senderOf(sender), receivedAtMs: atMs - offsetMs(zone ?? zoneBehind) };
}

function senderOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (NOBODY.includes(text)) return '';
  return text.includes('@') ? text : undefined;
}

function offsetMs(zone = '+0000'): number {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3));
  return (zone.startsWith('-') ? -minutes : minutes) * MINUTE_MS;
}
