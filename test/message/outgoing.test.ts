/** What the queue is told of a message: when it is tried first and given up, and what MAIL asked for its way. */
import { expect } from 'chai';
import { outgoingOf, type OnwardOptions } from '../../src/message/outgoing.js';

const NOW_MS = 1_000_000;
const COMMON = {
  ...{ reversePath: 'alice@example.org', client: undefined, protocol: 'ESMTPSA', hostname: 'mx.example.org' },
  ...{ id: '1', atMs: NOW_MS },
};
const REMOTE = { kind: 'remote', recipient: 'b@example.com', destination: 'example.com' } as const;
const DEADLINES = { queueLifetime: 5_000, delayWarning: 1_000 };
const outgoing = (onward?: OnwardOptions) =>
  outgoingOf([REMOTE], COMMON, { eightBit: false, deadlines: DEADLINES, onward });

describe('what the queue is told', () => {
  it('has nothing of reports, TLS or a time that nobody asked for', () => {
    const told = outgoing();
    expect(told).to.include({ firstAttemptAtMs: NOW_MS, delayNoticeAtMs: NOW_MS + 1_000, expiresAtMs: NOW_MS + 5_000 });
    expect(told).to.include({ requireTls: false }).and.not.have.any.keys('returned', 'envelopeId');
  });

  it('has RET, ENVID and REQUIRETLS as they were given', () => {
    const asked = { returned: 'headers', envelopeId: 'QQ+2B1', requireTls: true } as const;
    expect(outgoing(asked)).to.include(asked);
  });

  it('counts from the time until which a message is held (RFC 4865)', () => {
    expect(outgoing({ heldUntilMs: NOW_MS + 60_000 })).to.include({
      ...{ firstAttemptAtMs: NOW_MS + 60_000, delayNoticeAtMs: NOW_MS + 61_000, expiresAtMs: NOW_MS + 65_000 },
    });
  });

  it('takes a time that is over for now', () =>
    expect(outgoing({ heldUntilMs: 1 })).to.include({ firstAttemptAtMs: NOW_MS, expiresAtMs: NOW_MS + 5_000 }));
});
