/** RFC 3461 §4 and RFC 4865: what the values of RET, ENVID, NOTIFY, ORCPT, HOLDFOR and HOLDUNTIL are read as. */
import { expect } from 'chai';
import { readEnvelopeId, readNotify, readOrcpt, readReturned } from '../../src/smtp/dsn-parameters.js';
import { holdLimits, isTooLate, readHoldFor, readHoldUntil } from '../../src/smtp/future-release.js';

type Rows = readonly (readonly [value: string, read: unknown])[];

function itReads(name: string, read: (value: string) => unknown, rows: Rows): void {
  for (const [value, expected] of rows) {
    const shown = value.length > 40 ? `${value.slice(0, 20)}… (${value.length})` : value;
    it(`${name}=${shown} ${expected === undefined ? 'is refused' : 'is read'}`, () =>
      expect(read(value)).to.deep.equal(expected));
  }
}

describe('a parameter of DSN', () => {
  itReads('RET', readReturned, [
    ['FULL', 'full'],
    ['hdrs', 'headers'],
    ['', undefined],
    ['FULL,HDRS', undefined],
    ['HEADERS', undefined],
  ]);

  itReads('ENVID', readEnvelopeId, [
    ['QQ314159', 'QQ314159'],
    ['a+20b+2Bc', 'a+20b+2Bc'],
    ['x'.repeat(100), 'x'.repeat(100)],
    ['x'.repeat(101), undefined],
    ['', undefined],
    ['a+0Ab', undefined],
    ['a+2', undefined],
    ['a+zz', undefined],
    ['a+C3+A4', undefined],
    ['ä', undefined],
    ['+7F', undefined],
  ]);

  itReads('NOTIFY', readNotify, [
    ['NEVER', ['never']],
    ['never', ['never']],
    ['SUCCESS', ['success']],
    ['delay,Failure,SUCCESS', ['success', 'failure', 'delay']],
    ['DELAY,DELAY', ['delay']],
    ['', undefined],
    ['NEVER,FAILURE', undefined],
    ['SUCCESS,', undefined],
    [',SUCCESS', undefined],
    ['SUCCESS;FAILURE', undefined],
    ['ALWAYS', undefined],
    ['__proto__', undefined],
  ]);

  itReads('ORCPT', readOrcpt, [
    ['rfc822;bob@example.com', 'rfc822;bob@example.com'],
    ['RFC822;b+2Bx@example.com', 'RFC822;b+2Bx@example.com'],
    ['x400;/c+3Dus/', 'x400;/c+3Dus/'],
    ['utf-8;j\\x{F6}rg@example.com', 'utf-8;j\\x{F6}rg@example.com'],
    ['utf-8;jörg@example.com', 'utf-8;jörg@example.com'],
    [`rfc822;${'x'.repeat(493)}`, `rfc822;${'x'.repeat(493)}`],
    [`rfc822;${'x'.repeat(494)}`, undefined],
    [`utf-8;${'ö'.repeat(248)}`, undefined],
    ['bob@example.com', undefined],
    [';bob@example.com', undefined],
    ['rfc822;', undefined],
    ['rfc822;jörg@example.com', undefined],
    ['rfc822;a+0D+0Ab', undefined],
    ['utf-8;a\\x{0A}b', undefined],
    ['utf-8;a\\x{D800}b', undefined],
    ['utf-8;a\\x{110000}b', undefined],
    ['utf-8;a\\b', undefined],
    ['utf-8;a+2Bb', undefined],
    ['rfc 822;bob', undefined],
  ]);
});

describe('a parameter of FUTURERELEASE', () => {
  itReads('HOLDFOR', (value) => readHoldFor(value, 1_000), [
    ['0', 1_000],
    ['60', 61_000],
    ['999999999', 1_000_000_000_000],
    ['1000000000', undefined],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
  ]);

  itReads('HOLDUNTIL', readHoldUntil, [
    ['2026-11-30T10:00:00Z', Date.UTC(2026, 10, 30, 10)],
    ['2026-11-30t10:00:00.5z', Date.UTC(2026, 10, 30, 10, 0, 0, 500)],
    ['2026-11-30T10:00:00+01:00', Date.UTC(2026, 10, 30, 9)],
    ['2026-11-30T10:00:00', undefined],
    ['2026-13-30T10:00:00Z', undefined],
    ['2026-11-30', undefined],
    ['1796000000', undefined],
    ['', undefined],
  ]);

  it('is announced with the seconds and the time up to which a message is held', () => {
    const nowMs = Date.UTC(2026, 10, 30, 10, 12, 9, 123);
    expect(holdLimits(nowMs)).to.equal('2592000 2026-12-30T10:12:09Z');
    expect(isTooLate(nowMs + 2_592_000_000, nowMs)).to.equal(false);
    expect(isTooLate(nowMs + 2_592_000_001, nowMs)).to.equal(true);
  });
});
