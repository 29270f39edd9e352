/**
 * The parameters of MAIL: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET and ENVID (RFC 3461), REQUIRETLS (RFC 8689), HOLDFOR
 * and HOLDUNTIL (RFC 4865), and AUTH (RFC 4954 §5), which is read and trusted by nobody: servers send it where nobody logs in too.
 * The table at the end says what each means; one that is not offered to this client is refused as one that nobody knows.
 */
import type { OnwardOptions } from '../message/outgoing.js';
import { decimal } from '../session/grammar.js';
import type { SmtpContext } from './context.js';
import { readEnvelopeId, readReturned } from './dsn-parameters.js';
import { HOLD_LIMIT_DAYS, isTooLate, readHoldFor, readHoldUntil } from './future-release.js';
import { offersDsn, offersHold, offersRequireTls } from './offers.js';
import type { Parameters } from './parameters.js';
import { replies, type SmtpReply } from './replies.js';

export interface MailTerms {
  readonly announcedOctets: number | undefined;
  readonly eightBit: boolean;
  readonly international: boolean;
  readonly onward: OnwardOptions | undefined;
}

/** What a parameter changes of the terms, or why it is refused. */
type Read = Partial<MailTerms> | SmtpReply;

interface Row {
  readonly offered?: (context: SmtpContext) => boolean;
  readonly read: (value: string | undefined, terms: MailTerms, context: SmtpContext) => Read;
}

const PLAIN: MailTerms = { announcedOctets: undefined, eightBit: false, international: false, onward: undefined };

/** The terms, or the reply to the first parameter that is refused. */
export function readMailParameters(parameters: Parameters, context: SmtpContext): MailTerms | SmtpReply {
  let terms = PLAIN;
  for (const [keyword, value] of parameters) {
    const row = ROWS.get(keyword);
    if (row === undefined || row.offered?.(context) === false) return replies.unknownParameter(keyword);
    const read = row.read(value, terms, context);
    if ('head' in read) return read;
    terms = { ...terms, ...read };
  }
  return terms;
}

/** RFC 1870 §3: up to 20 digits. */
const SIZE_DIGITS = 20;

function readSize(value: string | undefined, limit: number): Read {
  const announcedOctets = decimal(value ?? '', SIZE_DIGITS);
  if (announcedOctets === undefined) return replies.badParameter('SIZE');
  return announcedOctets > limit ? replies.tooLarge(limit) : { announcedOctets };
}

function readBody(value: string | undefined): Read {
  const body = value?.toUpperCase();
  if (body === '7BIT' || body === '8BITMIME') return { eightBit: body === '8BITMIME' };
  return body === 'BINARYMIME' ? replies.noBinaryMime : replies.badParameter('BODY');
}

/** RFC 3461 §4; what it stands for, an address or `<>`, has no effect here. */
const AUTH_VALUE = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})+$/;

/** One that is kept for whoever sends the message on. */
function onward<Key extends keyof OnwardOptions>(
  keyword: string,
  key: Key,
  reader: (value: string) => OnwardOptions[Key],
): Row['read'] {
  return (value, terms) => {
    const read = reader(value ?? '');
    return read === undefined ? replies.badParameter(keyword) : { onward: { ...terms.onward, [key]: read } };
  };
}

/** RFC 4865: one of both alone. */
function hold(keyword: string, heldUntilMs: number | undefined, terms: MailTerms): Read {
  if (heldUntilMs === undefined || terms.onward?.heldUntilMs !== undefined) return replies.badParameter(keyword);
  if (isTooLate(heldUntilMs, Date.now())) return replies.heldTooLong(HOLD_LIMIT_DAYS);
  return { onward: { ...terms.onward, heldUntilMs } };
}

const ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ['SIZE', { read: (value, _, { settings }) => readSize(value, settings.maxMessageSize) }],
  ['BODY', { read: readBody }],
  ['SMTPUTF8', { read: (value) => (value === undefined ? { international: true } : replies.badParameter('SMTPUTF8')) }],
  ['AUTH', { read: (value) => (AUTH_VALUE.test(value ?? '') ? {} : replies.badParameter('AUTH')) }],
  ['RET', { offered: offersDsn, read: onward('RET', 'returned', readReturned) }],
  ['ENVID', { offered: offersDsn, read: onward('ENVID', 'envelopeId', readEnvelopeId) }],
  [
    'REQUIRETLS',
    {
      offered: offersRequireTls,
      read: (value, terms) =>
        value === undefined ? { onward: { ...terms.onward, requireTls: true } } : replies.badParameter('REQUIRETLS'),
    },
  ],
  [
    'HOLDFOR',
    {
      offered: offersHold,
      read: (value, terms) => hold('HOLDFOR', readHoldFor(value ?? '', Date.now()), terms),
    },
  ],
  ['HOLDUNTIL', { offered: offersHold, read: (value, terms) => hold('HOLDUNTIL', readHoldUntil(value ?? ''), terms) }],
]);

/** As HELP shows them. */
export const mailSyntax =
  '[SIZE=octets] [BODY=7BIT|8BITMIME] [SMTPUTF8] [RET=FULL|HDRS] [ENVID=id] [REQUIRETLS] [HOLDFOR=seconds|HOLDUNTIL=time]';
