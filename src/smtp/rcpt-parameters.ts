/** The parameters of RCPT: NOTIFY and ORCPT (RFC 3461 §4.1, §4.2). There are no others. */
import type { Recipient } from '../message/recipient.js';
import type { SmtpContext } from './context.js';
import { readNotify, readOrcpt } from './dsn-parameters.js';
import { offersDsn } from './offers.js';
import type { Parameters } from './parameters.js';
import { replies, type SmtpReply } from './replies.js';

/** What is to be reported of a recipient, and under which name. */
export type ReportTerms = Pick<Recipient, 'notify' | 'originalRecipient'>;

const ROWS: ReadonlyMap<string, (value: string) => ReportTerms | undefined> = new Map([
  ['NOTIFY', (value: string) => given('notify', readNotify(value))],
  ['ORCPT', (value: string) => given('originalRecipient', readOrcpt(value))],
]);

/** Undefined without parameters; the reply to the first that is refused. */
export function readRcptParameters(parameters: Parameters, context: SmtpContext): ReportTerms | SmtpReply | undefined {
  let terms: ReportTerms | undefined;
  for (const [keyword, value] of parameters) {
    const reader = offersDsn(context) ? ROWS.get(keyword) : undefined;
    if (reader === undefined) return replies.unknownParameter(keyword);
    const read = reader(value ?? '');
    if (read === undefined) return replies.badParameter(keyword);
    terms = { ...terms, ...read };
  }
  return terms;
}

function given<Key extends keyof ReportTerms>(key: Key, value: ReportTerms[Key]): ReportTerms | undefined {
  return value === undefined ? undefined : { [key]: value };
}

/** As HELP shows them. */
export const rcptSyntax = '[NOTIFY=NEVER|SUCCESS,FAILURE,DELAY] [ORCPT=type;address]';
