/** What every real receiver is sent, and how it is seen that it arrived as it was. */
import { expect } from 'chai';
import type { Connection } from '../../../src/outbound/client/connection.js';
import type { Outcome } from '../../../src/outbound/client/outcome.js';
import { envelopeOf, sourceOf, to } from './sending.js';

const HEADER = [
  'From: sender@example.org',
  'To: alice@localhost',
  'Date: Mon, 30 Nov 2026 12:00:00 +0000',
  'Message-ID: <1@example.org>',
  'MIME-Version: 1.0',
  '',
  '',
].join('\r\n');
export const MESSAGES = ['', 'A line\r\n', '.\r\n..\r\n.dot\r\n\r\n', `${'x'.repeat(990)}\r\n`, 'grün\r\n'].map(
  (text) => Buffer.from(HEADER + text),
);

export async function sendAll(connection: Connection, address: string): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const message of MESSAGES) {
    const envelope = envelopeOf(message, { body: '8bitmime', ...to(address) });
    outcomes.push(...(await connection.send(envelope, sourceOf(message))).outcomes);
  }
  await connection.quit();
  return outcomes;
}

/** Whatever a server puts before it. */
export function expectAll(arrived: readonly Buffer[]): void {
  expect(arrived).to.have.length(MESSAGES.length);
  for (const message of MESSAGES)
    expect(arrived.some((each) => each.subarray(-message.length).equals(message))).to.equal(true);
}

export function kinds(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.map(({ kind, code = 0 }) => `${kind} ${code}`);
}
