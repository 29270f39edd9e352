/**
 * Puts one message into the store from the command line, as SMTP would: the same recipients, limits and trace headers.
 * Never holds more of the message than a piece. All recipients get it or none; a failure leaves nothing behind.
 */
import { randomBytes } from 'node:crypto';
import type { Configuration } from '../config/configuration.js';
import { NewlineNormalizer } from '../bytes/newlines.js';
import { envelopeFor } from '../message/envelope.js';
import { HOP_LIMIT, HopLimit } from '../message/hops.js';
import { outgoingOf } from '../message/outgoing.js';
import { MessageStart } from '../message/message-start.js';
import { formatAddress } from '../message/mailbox.js';
import type { Recipient } from '../message/recipient.js';
import { StageLine } from '../message/stage.js';
import type { Delivery } from '../store/deliveries.js';
import type { Address } from '../store/shapes.js';
import { Refusal } from './exit.js';
import type { OutboundInForce } from './outbound-configuration.js';
import type { Administration } from './storage.js';

export interface Submission {
  /** Empty for the null reverse-path. */
  readonly reversePath: string;
  readonly recipients: readonly Address[];
  readonly message: AsyncIterable<Uint8Array>;
}

type Limits = Configuration & OutboundInForce;

const ID_BYTES = 6;
const LOOPS = `The message has more than ${HOP_LIMIT} Received lines: it loops.`;

export async function deliver(store: Administration, submission: Submission, limits: Limits): Promise<void> {
  const recipients: Recipient[] = [];
  for (const address of submission.recipients)
    recipients.push(await reach(store, address, submission.reversePath, limits));
  const common = {
    reversePath: submission.reversePath,
    client: { helo: 'localhost', address: '127.0.0.1' },
    protocol: 'local',
    hostname: limits.hostname,
    id: randomBytes(ID_BYTES).toString('hex'),
    atMs: Date.now(),
  };
  const envelope = envelopeFor(recipients, common);
  const outgoing = outgoingOf(envelope.recipients, common, { eightBit: false, deadlines: limits });
  const delivery = store.deliver({ ...envelope, ...(outgoing && { outgoing }) });
  try {
    await pour(submission.message, delivery, limits.maxMessageSize);
  } catch (error) {
    delivery.abort();
    throw error;
  }
  await delivery.commit();
}

async function reach(store: Administration, address: Address, from: string, limits: Limits): Promise<Recipient> {
  const resolution = await store.resolve(address);
  const text = formatAddress(address);
  if (resolution.kind === 'local') {
    if (limits.outbound === 'off' && resolution.targets.some(({ kind }) => kind === 'remote'))
      throw new Refusal(`${text} leads to another server, and ${isOff(limits)}.`);
    return { text, targets: resolution.targets };
  }
  if (resolution.kind === 'too-many')
    throw new Refusal(
      `${text} leads to more names than one address may; 'pennypost alias list' shows them, 'pennypost alias remove' takes some away.`,
    );
  if (resolution.kind === 'disabled')
    throw new Refusal(`${text} is disabled and takes no mail; 'pennypost account enable ${text}' changes that.`);
  if (resolution.kind === 'unknown')
    throw new Refusal(`There is no ${text} here; 'pennypost account add ${text}' makes it.`);
  if (limits.outbound === 'off')
    throw new Refusal(
      `${address.domain} is not local, and ${isOff(limits)}; 'pennypost domain add ${address.domain}' takes mail for it here.`,
    );
  await requireWay(store, { text, destination: address.domain, from });
  return { text, targets: [{ kind: 'remote', address: text, destination: address.domain }] };
}

/** What RCPT would refuse. */
async function requireWay(
  { queuedMail, routes }: Administration,
  { text, destination, from }: { readonly text: string; readonly destination: string; readonly from: string },
): Promise<void> {
  if ((await queuedMail.findSuppression(text)) !== undefined)
    throw new Refusal(`${text} is suppressed; 'pennypost suppression remove ${text}' lets mail go there again.`);
  const route = await routes.findRoute(destination, from);
  if (route?.action.kind === 'error')
    throw new Refusal(
      `${text} is refused by the route for the ${route.scope} ${route.domain}: ${route.action.text}; 'pennypost route remove' takes that back.`,
    );
}

function isOff({ whose }: Limits): string {
  return `outbound mail is off (${whose}): a server with --outbound relay sends it on`;
}

async function pour(message: AsyncIterable<Uint8Array>, delivery: Delivery, limitBytes: number): Promise<void> {
  const lineEnds = new NewlineNormalizer();
  const stages = new StageLine([new HopLimit(LOOPS), new MessageStart()], (octets) => delivery.write(octets));
  let octets = 0;
  for await (const raw of message) {
    const piece = lineEnds.pass(raw);
    octets += piece.length;
    if (octets > limitBytes) throw new Refusal(`The message is larger than --max-message-size, ${limitBytes} bytes.`);
    heed(await stages.write(piece));
  }
  heed(await stages.end());
}

function heed(refusal: string | undefined): void {
  if (refusal !== undefined) throw new Refusal(refusal);
}
