/**
 * Puts one message into the store from the command line, as SMTP would: the same recipients, limits and trace headers.
 * Never holds more of the message than a piece. All recipients get it or none; a failure leaves nothing behind.
 */
import { randomBytes } from 'node:crypto';
import type { Configuration } from '../config/options.js';
import { HopCount } from '../smtp/hops.js';
import { HOP_LIMIT } from '../smtp/intake.js';
import { formatAddress } from '../smtp/path.js';
import { traceHeaders } from '../smtp/received.js';
import type { Address, Delivery, Envelope, MailStore, Target } from '../store/store.js';
import { Refusal } from './exit.js';
import { LineEnds } from './line-ends.js';

export interface Submission {
  /** Empty for the null reverse-path. */
  readonly reversePath: string;
  readonly recipients: readonly Address[];
  readonly message: AsyncIterable<Uint8Array>;
}

interface Reached {
  readonly recipient: string;
  readonly target: Target;
}

const ID_BYTES = 6;

export async function deliver(store: MailStore, submission: Submission, limits: Configuration): Promise<void> {
  const reached: Reached[] = [];
  for (const recipient of submission.recipients) reached.push(...(await reach(store, recipient)));
  const delivery = store.deliver(envelope(submission.reversePath, reached, limits.hostname));
  try {
    await pour(submission.message, delivery, limits.maxMessageSize);
  } catch (error) {
    delivery.abort();
    throw error;
  }
  await delivery.commit();
}

async function reach(store: MailStore, address: Address): Promise<readonly Reached[]> {
  const resolution = await store.resolve(address);
  const recipient = formatAddress(address);
  if (resolution.kind === 'local') return resolution.targets.map((target) => ({ recipient, target }));
  if (resolution.kind === 'unknown')
    throw new Refusal(`There is no ${recipient} here; 'pennypost account add ${recipient}' makes it.`);
  throw new Refusal(`${address.domain} is not local; 'pennypost domain add ${address.domain}' takes mail for it.`);
}

function envelope(reversePath: string, reached: readonly Reached[], hostname: string): Envelope {
  const atMs = Date.now();
  const id = randomBytes(ID_BYTES).toString('hex');
  // Somebody reached twice, by name and by an alias, gets the message once.
  const once = new Map(reached.toReversed().map((one) => [one.target.account, one]));
  const recipients = [...once.values()].toReversed().map(({ recipient, target }) => {
    const from = { helo: 'localhost', peer: '127.0.0.1', protocol: 'local', hostname };
    const trace = traceHeaders({ ...from, reversePath, deliveredTo: target.address, id, forPath: recipient, atMs });
    return { account: target.account, recipient, trace };
  });
  return { reversePath, recipients, receivedAtMs: atMs };
}

async function pour(message: AsyncIterable<Uint8Array>, delivery: Delivery, limitBytes: number): Promise<void> {
  const lineEnds = new LineEnds();
  const hops = new HopCount();
  let octets = 0;
  for await (const raw of message) {
    const piece = lineEnds.convert(raw);
    octets += piece.length;
    if (octets > limitBytes) throw new Refusal(`The message is larger than --max-message-size, ${limitBytes} bytes.`);
    hops.look(piece);
    await delivery.write(piece);
  }
  if (hops.received > HOP_LIMIT) throw new Refusal(`The message has more than ${HOP_LIMIT} Received lines: it loops.`);
}
