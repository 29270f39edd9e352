/** What is asked of a server that can, and what becomes of a message for one that cannot: told before a word of it is said. */
import { expect } from 'chai';
import type { OutboundEnvelope } from '../../../src/outbound/client/envelope.js';
import { certificateOf } from '../../support/certificates.js';
import { clientOf, envelopeOf, MESSAGE, sendTo, to } from './sending.js';

const EVERYTHING = ['PIPELINING', 'SIZE 100000', '8BITMIME', 'SMTPUTF8', 'DSN', 'ENHANCEDSTATUSCODES', 'CHUNKING'];

/** MAIL and RCPT as they were sent, without their addresses' brackets. */
async function said(extensions: readonly string[], more: Partial<OutboundEnvelope>): Promise<readonly string[]> {
  const { server } = await sendTo({ extensions }, { envelope: envelopeOf(MESSAGE, more) });
  return server.lines.filter((line) => /^(MAIL|RCPT)/.test(line));
}

async function outcomeOf(
  extensions: readonly string[],
  more: Partial<OutboundEnvelope>,
  message = MESSAGE,
): Promise<string> {
  const { outcomes, server, reusable } = await sendTo({ extensions }, { envelope: envelopeOf(message, more), message });
  const words = server.lines.filter((line) => !/^(EHLO|QUIT)/.test(line)).length === 0 ? 'unsaid' : 'said';
  return `${outcomes.map(({ kind, status, command }) => `${kind} ${status} ${command}`).join(', ')}; ${words}, ${
    reusable ? 'reusable' : 'over'
  }`;
}

describe('the extensions of a server', () => {
  it('are used where they are announced', async () => {
    const more: Partial<OutboundEnvelope> = {
      body: 'smtputf8',
      ret: 'HDRS',
      envid: 'a+b=c d',
      recipients: [
        { address: 'a@example.com', notify: ['SUCCESS', 'DELAY'], orcpt: 'rfc822;first+last@example.com' },
        { address: 'b@example.com', notify: ['NEVER'] },
        { address: 'jürgen@bücher.example', orcpt: 'utf-8;jürgen+\\x@bücher.example' },
      ],
    };
    const size = `SIZE=${MESSAGE.length}`;
    expect(await said(EVERYTHING, more)).to.deep.equal([
      `MAIL FROM:<sender@example.org> ${size} BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb+3Dc+20d`,
      'RCPT TO:<a@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;first+2Blast@example.com',
      'RCPT TO:<b@example.com> NOTIFY=NEVER',
      'RCPT TO:<jürgen@bücher.example> ORCPT=utf-8;j\\x{FC}rgen\\x{2B}\\x{5C}x@b\\x{FC}cher.example',
    ]);
    expect(await said(['SIZE'], { ret: 'FULL', envid: 'x' })).to.deep.equal([
      `MAIL FROM:<sender@example.org> ${size}`,
      'RCPT TO:<rcpt@example.com>',
    ]);
    expect(await said([], { reversePath: '' })).to.deep.equal(['MAIL FROM:<>', 'RCPT TO:<rcpt@example.com>']);
  });

  it('say who answers for reports of delivery (RFC 3461 §5.2.1, §5.2.2)', async () => {
    expect(await sendTo({ extensions: EVERYTHING })).to.include({ relaysDsn: true });
    expect(await sendTo({ extensions: ['SIZE'] })).to.include({ relaysDsn: false });
  });

  it('do not change that a message goes by DATA: CHUNKING is left alone', async () => {
    const { server, outcomes } = await sendTo({ extensions: [...EVERYTHING, 'BINARYMIME'] });
    expect(outcomes[0]?.kind).to.equal('delivered');
    expect(server.lines).to.include('DATA');
    expect(server.lines.filter((line) => /^BDAT|BINARYMIME/i.test(line))).to.deep.equal([]);
  });

  it('may be written in any case, and with what nobody knows', async () => {
    expect(await said(['size 1000', 'dsn', 'X-WHAT =;', ''], { ret: 'FULL' })).to.deep.equal([
      `MAIL FROM:<sender@example.org> SIZE=${MESSAGE.length} RET=FULL`,
      'RCPT TO:<rcpt@example.com>',
    ]);
  });

  it('are needed for 8-bit text: nothing is converted, and nothing is sent that may not be read (RFC 6152 §3)', async () => {
    const eightBit = Buffer.from('Subject: x\r\n\r\ngrün\r\n');
    expect(await outcomeOf([], { body: '8bitmime' }, eightBit)).to.equal('failed 5.6.3 MAIL; unsaid, reusable');
    expect(await outcomeOf(['8BITMIME'], { body: '8bitmime' }, eightBit)).to.match(/^delivered/);
    // Not declared, and seen on its way: the connection ends without the final dot.
    expect(await outcomeOf([], { body: '7bit' }, eightBit)).to.equal('failed 5.6.3 message; said, over');
    expect(await outcomeOf(['8BITMIME'], { body: '7bit' }, eightBit)).to.match(/^delivered/);
  });

  it('are needed for a header or an address beyond ASCII (RFC 6531 §3.4)', async () => {
    const eightBit = ['8BITMIME'];
    expect(await outcomeOf(eightBit, { body: 'smtputf8' })).to.equal('failed 5.6.9 MAIL; unsaid, reusable');
    expect(await outcomeOf(eightBit, { reversePath: 'jürgen@example.org' })).to.equal(
      'failed 5.6.7 MAIL; unsaid, reusable',
    );
    expect(await outcomeOf(eightBit, to('jürgen@example.com', 'b@example.com'))).to.equal(
      'failed 5.6.7 RCPT, delivered 2.0.0 end of data; said, reusable',
    );
  });

  it('are not needed for a domain that has A-labels', async () => {
    expect(await said(['8BITMIME'], { reversePath: 'a@bücher.example', ...to('b@grün.example') })).to.deep.equal([
      'MAIL FROM:<a@xn--bcher-kva.example>',
      'RCPT TO:<b@xn--grn-ioa.example>',
    ]);
  });

  it('tell a size that is too large before DATA (RFC 1870 §6.1)', async () => {
    const large = Buffer.alloc(1_000_000, 'x');
    expect(await outcomeOf(['SIZE 1000'], {}, large)).to.equal('failed 5.3.4 MAIL; unsaid, reusable');
    expect(await outcomeOf(['SIZE 0'], {}, large)).to.match(/^delivered/);
    expect(await outcomeOf(['SIZE 99999999999999999999999'], {}, large)).to.match(/^delivered/);
  });

  it('and TLS are needed where the sender asks for them on the whole way (RFC 8689 §4.2.1)', async () => {
    const requireTls = { requireTls: true };
    expect(await outcomeOf(['REQUIRETLS'], requireTls)).to.equal('failed 5.7.10 MAIL; unsaid, reusable');
    const identity = await certificateOf(['relay.example']);
    const client = clientOf({ certificateAuthorities: [identity.certificate] });
    const sending = {
      client,
      envelope: envelopeOf(MESSAGE, requireTls),
      hop: { tls: 'required', tlsName: 'relay.example' } as const,
    };
    const promised = await sendTo({ identity, extensions: ['STARTTLS', 'REQUIRETLS'] }, sending);
    expect(promised.outcomes[0]?.kind).to.equal('delivered');
    expect(promised.server.lines).to.include('MAIL FROM:<sender@example.org> REQUIRETLS');
    const unpromised = await sendTo({ identity, extensions: ['STARTTLS'] }, sending);
    expect(unpromised.outcomes[0]).to.include({ kind: 'failed', status: '5.7.30' });
    // Reports go by TLS like what they are about, and are not lost for want of a promise (§5).
    const report = { ...sending, envelope: envelopeOf(MESSAGE, { ...requireTls, reversePath: '' }) };
    for (const [extensions, mail] of [
      [['STARTTLS'], 'MAIL FROM:<>'],
      [['STARTTLS', 'REQUIRETLS'], 'MAIL FROM:<> REQUIRETLS'],
    ] as const) {
      const told = await sendTo({ identity, extensions }, report);
      expect(told.outcomes[0]?.kind).to.equal('delivered');
      expect(told.server.lines).to.include(mail);
    }
    expect(await outcomeOf([], { ...requireTls, reversePath: '' })).to.match(/^failed 5\.7\.10 MAIL; unsaid/);
    const local = await sendTo({ lmtp: true }, { envelope: envelopeOf(MESSAGE, requireTls) });
    expect(local.outcomes[0]?.kind).to.equal('delivered');
  });
});

describe('an address', () => {
  it('is one, or nothing is said', async () => {
    for (const address of ['a@b>\r\nRCPT TO:<evil@example.com', 'a@b\n', 'a b@c', '', '<a@b>', 'a@b> SIZE=1', '@a:b@c'])
      expect(await outcomeOf([], to(address)), address).to.equal('failed 5.1.3 RCPT; unsaid, reusable');
    expect(await outcomeOf([], { reversePath: 'a@b>\r\nRSET' })).to.equal('failed 5.1.7 MAIL; unsaid, reusable');
  });

  it('may be quoted, or without a domain', async () => {
    expect(await said([], to('"a> b"@example.com', 'postmaster', 'a@[127.0.0.1]'))).to.deep.equal([
      'MAIL FROM:<sender@example.org>',
      'RCPT TO:<"a> b"@example.com>',
      'RCPT TO:<postmaster>',
      'RCPT TO:<a@[127.0.0.1]>',
    ]);
  });

  it('is one of many', async () => {
    const recipients = to(...Array.from({ length: 2000 }, (_, at) => `r${at}@example.com`));
    const { outcomes } = await sendTo({ extensions: ['PIPELINING'] }, { envelope: envelopeOf(MESSAGE, recipients) });
    expect(outcomes.every(({ kind }) => kind === 'delivered')).to.equal(true);
  });
});
