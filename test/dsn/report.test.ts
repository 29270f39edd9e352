/** Reports to senders: what a person reads, what programs read, and what a hostile server or message cannot do to either. */
import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import PostalMime from 'postal-mime';
import { composeReport } from '../../src/dsn/compose.js';
import { deliveryStatus } from '../../src/dsn/delivery-status.js';
import type { Report, ReportedRecipient } from '../../src/dsn/report.js';

const DAY_MS = 24 * 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 30, 10, 12, 9);
const REPORTER = { hostname: 'mail.example.org', domain: 'example.org', id: 'abc123', nowMs: NOW_MS };
const HEADER = Buffer.from(
  'From: scanner@example.org\r\nSubject: =?utf-8?q?Scan_vom_30=2E_M=C3=A4rz?=\r\nMessage-ID: <1@scanner>\r\n\r\n',
);

const UNKNOWN: ReportedRecipient = {
  recipient: 'customer@example.com',
  action: 'failed',
  reply: {
    ...{ code: 550, enhanced: '5.1.1', text: 'User unknown', host: 'mx.example.com', address: '192.0.2.1' },
    command: 'RCPT',
  },
};

function report(recipient: Partial<ReportedRecipient> = {}, more: Partial<Report> = {}): Report {
  const one = { ...UNKNOWN, ...recipient };
  return {
    action: one.action,
    isInternational: false,
    message: { reversePath: 'scanner@example.org', queuedAtMs: NOW_MS - 4_000, header: HEADER },
    recipients: [one],
    ...more,
  };
}

const composed = async (what: Report) => (await composeReport(what, REPORTER)).toString();

/** The parts between the boundaries, header and content. */
async function parts(what: Report): Promise<readonly string[]> {
  return (await composed(what)).split(/\r\n--report\.abc123(?:--)?\r\n/);
}

const words = async (what: Report) => ((await parts(what))[1] ?? '').replaceAll(/\s+/g, ' ');

describe('a report to a sender', () => {
  it('says first what happened to which message, then why in plain words, then the words of the server', async () => {
    const text = await words(report());
    const order = [
      'Your message could not be delivered to this recipient. It will not be tried again.',
      'Subject: Scan vom 30. März',
      'customer@example.com There is no such address.',
      'The mail server mx.example.com [192.0.2.1] said, when it was given the address: 550 5.1.1 User unknown',
      'Please look for a typing mistake in the address',
    ].map((sentence) => text.indexOf(sentence));
    expect(order).to.not.include(-1);
    expect(order).to.deep.equal(order.toSorted((a, b) => a - b));
  });

  it('says that nothing is sent to an address any more, and who can lift that', async () => {
    expect(await words(report())).to.not.include('From now on');
    expect(await words(report({ isSuppressed: true }))).to.match(
      /User unknown From now on nothing is sent to this address from here\. .* the administrator of this mail server can lift that\./,
    );
  });

  it('says how long it was tried in vain, and what was in the way the last time', async () => {
    const reply = { enhanced: '4.4.1', text: 'connect ECONNREFUSED', host: 'mx.example.com', command: 'connect' };
    const message = { ...report().message, queuedAtMs: NOW_MS - 5 * DAY_MS };
    const text = await words(report({ reply, isExpired: true }, { message }));
    expect(text).to.include('It was tried for 5 days in vain. The last time: The mail server does not answer.');
  });

  it('says of a delay until when it is tried, and that nothing has to be sent again', async () => {
    const reply = { code: 451, enhanced: '4.7.1', text: 'Greylisted', host: 'mx.example.com', command: 'RCPT' };
    const late = report({ action: 'delayed', reply, willRetryUntilMs: NOW_MS + 4 * DAY_MS });
    expect(await words(late)).to.include('please do not send it a second time');
    expect(await words(late)).to.include('It is tried until Fri, 04 Dec 2026 10:12:09 +0000.');
    expect(await words(late)).to.not.include('refuses');
    expect(await composed(late)).to.include('\r\nAction: delayed\r\nStatus: 4.7.1\r\n');
    expect(await composed(late)).to.include('\r\nWill-Retry-Until: Fri, 04 Dec 2026 10:12:09 +0000\r\n');
  });

  it('is a multipart/report that programs read: fields of RFC 3464, then the header', async () => {
    const parsed = await new PostalMime().parse(
      await composed(report({ originalRecipient: 'rfc822;Customer@example.com' })),
    );
    expect(parsed.subject).to.equal('Your message could not be delivered');
    expect(parsed.to?.[0]?.address).to.equal('scanner@example.org');
    expect(parsed.from?.address).to.equal('postmaster@example.org');
    expect(parsed.inReplyTo).to.equal('<1@scanner>');
    const [, , status, returned] = await parts(report({ originalRecipient: 'rfc822;Customer@example.com' }));
    expect(status).to.match(/^Content-Type: message\/delivery-status\r\n/);
    expect(status?.split('\r\n\r\n').slice(1)).to.deep.equal([
      'Reporting-MTA: dns; mail.example.org\r\nArrival-Date: Mon, 30 Nov 2026 10:12:05 +0000',
      [
        'Original-Recipient: rfc822; Customer@example.com',
        'Final-Recipient: rfc822; customer@example.com',
        'Action: failed',
        'Status: 5.1.1',
        'Remote-MTA: dns; mx.example.com',
        'Diagnostic-Code: smtp; 550 5.1.1 User unknown',
        'Last-Attempt-Date: Mon, 30 Nov 2026 10:12:09 +0000\r\n',
      ].join('\r\n'),
    ]);
    expect(returned).to.match(/^Content-Type: text\/rfc822-headers\r\n/);
    expect(returned).to.include(HEADER.toString().trimEnd());
  });

  it('brings the whole message where it is to', async () => {
    const rest = Buffer.from('.\r\nHello\r\n--report.abc123--\r\n.\r\n');
    const [, , , returned] = await parts(report({}, { message: { ...report().message, rest: Buffer.from('Hello') } }));
    expect(returned).to.match(/^Content-Type: message\/rfc822\r\n/);
    expect(returned).to.match(/<1@scanner>\r\n\r\nHello$/);
    expect(await composed(report({}, { message: { ...report().message, rest } }))).to.include(rest.toString());
  });

  it('has no control character of a reply anywhere, and no field that a reply made', async () => {
    const text = 'No\r\nBcc: victim@example.net\r\n\r\n<b>\x1b[31m\0\x7f\u2028\u202eend';
    const evil = report({ reply: { code: 550, enhanced: '5.1.1', text, host: 'mx\r\nX-Evil: 1' } });
    const whole = await composed(evil);
    expect(whole).to.not.match(/^(Bcc|X-Evil):/m);
    // eslint-disable-next-line no-control-regex -- exactly what must not be there
    expect(whole.replaceAll('\r\n', '')).to.not.match(/[\x00-\x1f\x7f-\x9f\u2028-\u202e]/);
    expect(whole.match(/^Diagnostic-Code:/gm)).to.have.length(1);
  });

  it('keeps its lines short, whatever a server says at whatever length', async () => {
    const text = `${'word '.repeat(2_000)}${'x'.repeat(900)}`;
    const said = report({ reply: { code: 550, enhanced: '5.1.1', text, host: 'mx.example.com' } });
    const lines = (await composed(said)).split('\r\n');
    expect(Math.max(...lines.map((line) => line.length))).to.be.below(998);
    expect(lines.every((line) => !line.includes('\n'))).to.equal(true);
  });

  it('is made in slices where it is about many, and others have their turns meanwhile', async () => {
    const { recipients } = report();
    const many = report({}, { recipients: Array.from({ length: 20_000 }, () => recipients).flat() });
    let turns = 0;
    let isMade = false;
    const turn = (): void => {
      turns += 1;
      if (!isMade) setImmediate(turn);
    };
    setImmediate(turn);
    expect(await composed(many)).to.have.length.above(1_000_000);
    isMade = true;
    expect(turns).to.be.above(10);
  });

  it('doubles no angle brackets', async () => {
    const odd = report(
      { recipient: '<customer@example.com>' },
      { message: { ...report().message, reversePath: '<a@b.example>' } },
    );
    expect(await composed(odd)).to.include('\r\nTo: <a@b.example>\r\n');
    expect(await composed(odd)).to.include('Final-Recipient: rfc822; customer@example.com\r\n');
    expect(await composed(odd)).to.not.match(/<<|>>/);
  });

  it('answers a message id that is one, and no other', async () => {
    for (const id of ['<a@b>\r\n Bcc: x@y', '<a b@c>', 'a@b', '<@>', `<${'a'.repeat(500)}@b>`]) {
      const header = Buffer.from(`Message-ID: ${id}\r\n\r\n`);
      expect(await composed(report({}, { message: { ...report().message, header } })), id).to.not.match(
        /^(In-Reply-To|Bcc)/m,
      );
    }
  });
});

describe('addresses in UTF-8 in a report', () => {
  const status = (isInternational: boolean, recipient: Partial<ReportedRecipient> = {}) =>
    deliveryStatus(report({ recipient: 'jörg+x@exämple.de', ...recipient }, { isInternational }), REPORTER);

  it('are written as they are to who can be sent UTF-8 (RFC 6533)', async () => {
    expect(await status(true)).to.include('\r\nFinal-Recipient: utf-8; jörg+x@exämple.de\r\n');
    expect(await composed(report({ recipient: 'jörg@exämple.de' }, { isInternational: true }))).to.include(
      'Content-Type: message/global-delivery-status\r\n',
    );
  });

  it('are escaped to who cannot, and so is what a server says', async () => {
    expect(await status(false)).to.include('\r\nFinal-Recipient: utf-8; j\\x{F6}rg\\x{2B}x@ex\\x{E4}mple.de\r\n');
    const said = await status(false, { reply: { code: 550, enhanced: '5.1.1', text: 'Benutzer ungültig 😀' } });
    expect(said).to.include('Diagnostic-Code: smtp; 550 5.1.1 Benutzer ung?ltig ?\r\n');
    // eslint-disable-next-line no-control-regex -- ASCII is what it asks for
    expect(said).to.match(/^[\x00-\x7f]*$/);
  });

  it('keep the type of an original recipient that is ASCII', async () => {
    expect(await status(true, { originalRecipient: 'x400;/c=us/' })).to.include(
      '\r\nOriginal-Recipient: x400; /c=us/\r\n',
    );
    expect(await status(true, { originalRecipient: 'utf-8;jörg@exämple.de' })).to.include(
      '\r\nOriginal-Recipient: utf-8; jörg@exämple.de\r\n',
    );
  });
});

describe('the enhanced code of a report', () => {
  const codeOf = async (recipient: Partial<ReportedRecipient>) =>
    /^Status: (.*)\r$/m.exec(await deliveryStatus(report(recipient), REPORTER))?.[1];

  it('is that of the reply where it can be', async () => {
    expect(await codeOf({})).to.equal('5.1.1');
    expect(await codeOf({ action: 'relayed', reply: { code: 250, enhanced: '2.0.0', text: 'ok' } })).to.equal('2.0.0');
  });

  it('is permanent for what failed, whatever was said last', async () => {
    const reply = { code: 451, enhanced: '4.7.1', text: 'Greylisted' };
    expect(await codeOf({ reply })).to.equal('5.7.1');
    expect(await codeOf({ reply, isExpired: true })).to.equal('4.4.7');
    expect(await codeOf({ reply: { text: 'no code' } })).to.equal('5.0.0');
    expect(await codeOf({ reply: { enhanced: '5.1.1\r\nX', text: 'no code' } })).to.match(/^5\.[\d.]+$/);
    expect(await codeOf({ reply: undefined })).to.equal('5.0.0');
  });
});
