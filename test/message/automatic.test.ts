/** Which messages a program may answer. */
import { expect } from 'chai';
import { isProgram, readAnswerable } from '../../src/message/automatic.js';

const read = (...lines: readonly string[]) => readAnswerable(Buffer.from(lines.map((line) => `${line}\r\n`).join('')));

describe('a message that a program is to answer', () => {
  it('comes from no program and no list, and asks for answers', () => {
    for (const line of [
      ...[
        'Auto-Submitted: auto-generated',
        'auto-submitted :auto-replied',
        'Auto-Submitted: nothing',
        'AUTO-SUBMITTED:\r\n x',
      ],
      ...['List-Id: <a.example>', 'List-Unsubscribe: <mailto:x@a.example>', 'List-Post: NO'],
      ...[
        'Precedence: bulk',
        'Precedence: List',
        'Precedence:junk',
        'X-Auto-Response-Suppress: DR, OOF',
        'X-Auto-Response-Suppress: All',
      ],
    ])
      expect(read('To: a@b.example', line), line).to.equal(undefined);
    for (const line of [
      'Auto-Submitted: no',
      'Auto-Submitted: NO; a=b',
      'Auto-Submitted: no (person)',
      'Precedence: first-class',
      'X-List: bulk',
      'Subject: bulk',
    ])
      expect(read('To: a@b.example', line), line).to.not.equal(undefined);
    expect(read('To: a@b.example', '', 'List-Id: <in the text>')).to.not.equal(undefined);
  });

  it('names its recipients, in whatever field and form', () => {
    const { named } =
      read(
        'To: Alice <Alice@Example.org>, "b, c" <bob@example.org>',
        'cc: carol@example.org\r\n (her),\r\n\tdave@example.org',
        'To: erin@example.org',
        'Bcc: frank@example.org',
      ) ?? {};
    expect([...(named ?? [])]).to.have.members([
      'alice@example.org',
      'bob@example.org',
      'carol@example.org',
      'dave@example.org',
      'erin@example.org',
    ]);
  });

  it('gives its ids, and nothing else that stands where they do', () => {
    const found = read(
      'Message-ID: <3@x>',
      `References: <1@x>\r\n <2@x> <bad id@x> <${'a'.repeat(300)}@x> x@y <\x01@x>`,
    );
    expect(found?.references).to.deep.equal(['<1@x>', '<2@x>', '<3@x>']);
    expect(found?.messageId).to.equal('<3@x>');
    expect(read('Message-ID: none', 'References: <1@x>')?.references).to.deep.equal([]);
    expect(read('Message-ID: <y@x>', `References: ${'<1@x> '.repeat(5000)}`)?.references).to.have.length(20);
  });

  it('is looked at in a time by its length, whatever it is made of', () => {
    const beganMs = performance.now();
    for (const text of ['a', '@', '<', ' a@b', '"', '=?', 'noreply', '(', '\r\n ', 'list '])
      for (const name of ['To', 'Precedence', 'References', 'Auto-Submitted'])
        read(`${name}: ${text.repeat(60_000 / text.length)}`);
    expect(performance.now() - beganMs).to.be.below(2_000);
  });
});

describe('a name that programs send by', () => {
  it('is known in all its forms', () => {
    for (const name of [
      'noreply',
      'No-Reply',
      'do_not_reply',
      'billing-noreply',
      'noreply+x',
      'donotreply',
      'MAILER-DAEMON',
      'owner-list',
      'list-request',
      'list-owner',
      'bounces+a=b',
      'bounce-12',
      'majordomo',
    ])
      expect(isProgram(name), name).to.equal(true);
    for (const name of ['alice', 'reply', 'owner.smith', 'request', 'bouncer', 'postmaster', 'norbert'])
      expect(isProgram(name), name).to.equal(false);
  });
});
