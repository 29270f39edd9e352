/**
 * A report as a message (RFC 3462, RFC 6522): multipart/report of words for a person, fields for programs, and the message it is about
 * or its header. Lines end with CRLF. Nothing that stood in the message or in a reply gets into the report's own header but the
 * message's id, and that only if it is one.
 */
import { isAscii as areAscii } from 'node:buffer';
import { dateTime } from '../message/received.js';
import { summarize } from '../message/summary.js';
import { deliveryStatus, withoutBrackets } from './delivery-status.js';
import type { Report, Reporter } from './report.js';
import { sentences, subjects } from './words.js';

const MESSAGE_ID = /^<[!-~]{1,200}@[!-~]{1,200}>$/;

/** In slices, where it is about many: whoever speaks to this process meanwhile is answered. */
export async function composeReport(report: Report, reporter: Reporter): Promise<Buffer> {
  const { message, isInternational } = report;
  const recognized = summarize(message.header);
  const boundary = `report.${reporter.id}`;
  const words = await sentences(report, recognized, reporter);
  const status = await deliveryStatus(report, reporter);
  const global = isInternational ? 'global' : '';
  return Buffer.concat([
    text(header(report, { ...reporter, boundary, about: recognized.messageId })),
    text(`This is a report in the format of RFC 3464.\r\n`),
    part(boundary, 'text/plain; charset=utf-8', 'Notification', text(words)),
    part(boundary, `message/${global === '' ? '' : 'global-'}delivery-status`, 'Delivery report', text(status)),
    returned(report, boundary),
    text(`--${boundary}--\r\n`),
  ]);
}

interface Frame extends Reporter {
  readonly boundary: string;
  readonly about: string | undefined;
}

function header({ action, message }: Report, { hostname, domain, id, nowMs, boundary, about }: Frame): string {
  const answers =
    about !== undefined && MESSAGE_ID.test(about) ? [`In-Reply-To: ${about}`, `References: ${about}`] : [];
  return [
    `Date: ${dateTime(nowMs)}`,
    `From: "Mail delivery at ${hostname}" <postmaster@${domain}>`,
    `To: <${withoutBrackets(message.reversePath)}>`,
    `Subject: ${subjects[action]}`,
    `Message-ID: <${id}@${hostname}>`,
    ...answers,
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status;',
    ` boundary="${boundary}"`,
    '',
    '',
  ].join('\r\n');
}

/** Of the message: all of it, or its header. */
function returned({ message, isInternational }: Report, boundary: string): Buffer {
  const isGlobal = isInternational && !areAscii(message.header);
  if (message.rest === undefined)
    return part(
      boundary,
      isGlobal ? 'message/global-headers' : 'text/rfc822-headers',
      'Header of your message',
      message.header,
    );
  const whole = Buffer.concat([message.header, message.rest]);
  return part(boundary, isGlobal ? 'message/global' : 'message/rfc822', 'Your message', whole);
}

function part(boundary: string, type: string, description: string, content: Buffer): Buffer {
  const encoding = areAscii(content) ? '7bit' : '8bit';
  const head = [
    `--${boundary}`,
    `Content-Type: ${type}`,
    `Content-Description: ${description}`,
    `Content-Transfer-Encoding: ${encoding}`,
    '',
    '',
  ];
  const isEnded = content.subarray(-2).equals(CRLF);
  return Buffer.concat([text(`\r\n${head.join('\r\n')}`), content, ...(isEnded ? [] : [CRLF])]);
}

const CRLF = Buffer.from('\r\n');

function text(words: string): Buffer {
  return Buffer.from(words);
}
