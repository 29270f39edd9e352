/**
 * What a login brings and what it demands (RFC 6409): mail leaves here under addresses of the one who sends it only (§6.1),
 * and with a complete header (§8). It knows the envelope's sender; what From says is between people.
 */
import { randomBytes } from 'node:crypto';
import { whenReady } from '../runtime/when-ready.js';
import type { Resolution, Deliveries } from '../store/deliveries.js';
import type { Address, MaybePromise } from '../store/shapes.js';
import type { Missing } from '../message/missing-fields.js';
import type { Path } from '../message/path.js';
import { replies, type SmtpReply } from './replies.js';
import type { Login } from './state.js';

const RANDOM_BYTES = 8;
const MINUTES_PER_HOUR = 60;
/** No domain: paths are qualified before anybody asks. */
const NOWHERE = '';

/**
 * Whether mail to this address would reach the login's maildrop: its own address, with or without a detail, an alias or list
 * that leads to it through however many others, a catch-all. Nobody else can be hurt by an answer to such a sender.
 * @throws StoreError
 */
function mayUse(address: Address, { account }: Login, store: Deliveries): MaybePromise<boolean> {
  const leadsThere = (found: Resolution) =>
    found.kind === 'local' &&
    (found.account === account ||
      found.targets.some((target) => target.kind === 'local' && target.account === account));
  return whenReady(store.resolve(address), leadsThere);
}

/** A device that leaves its domain out is of ours (RFC 6409 §5.2): nobody else could answer it. */
export function qualified(path: Path, domain: string): Path {
  const { text, mailbox, international } = path;
  if (mailbox === undefined || mailbox.domain !== undefined) return path;
  return { text: `${text}@${domain}`, mailbox: { local: mailbox.local, domain }, international };
}

/**
 * Who has logged in sends under an address of its own (RFC 6409 §6.1), or under none, as notifications are sent. Asked at
 * MAIL, and again at the end of the message: an alias may be gone by then. @throws StoreError
 */
export function senderRefusal(
  from: Path,
  login: Login | undefined,
  store: Deliveries,
): MaybePromise<SmtpReply | undefined> {
  if (login === undefined || from.mailbox === undefined || from.text === login.sendsAs) return undefined;
  const decide = (may: boolean) => (may ? undefined : notItsAddress(from.text, login));
  const { local, domain = NOWHERE } = from.mailbox;
  return whenReady(mayUse({ local, domain }, login, store), decide);
}

function notItsAddress(path: string, { address, device }: Login): SmtpReply {
  return device === undefined
    ? replies.notYourAddress(path, address)
    : replies.notTheDevicesAddress(path, { address, device: device.name });
}

/** What a message without them gets; `id` is unlike any other's here, what is random is so everywhere. */
export function fieldsFor(id: string, hostname: string, atMs: number): Missing {
  return {
    date: `Date: ${localDateTime(atMs)}\r\n`,
    messageId: `Message-ID: <${id}.${randomBytes(RANDOM_BYTES).toString('hex')}@${hostname}>\r\n`,
  };
}

/** RFC 5322 §3.3, in the zone of the server. */
export function localDateTime(atMs: number): string {
  const eastMinutes = -new Date(atMs).getTimezoneOffset();
  const shown = new Date(atMs + eastMinutes * 60_000).toUTCString().replace(' GMT', '');
  const [hours, minutes] = [
    Math.floor(Math.abs(eastMinutes) / MINUTES_PER_HOUR),
    Math.abs(eastMinutes) % MINUTES_PER_HOUR,
  ];
  return `${shown} ${eastMinutes < 0 ? '-' : '+'}${twoDigits(hours)}${twoDigits(minutes)}`;
}

function twoDigits(number: number): string {
  return String(Math.floor(number)).padStart(2, '0');
}
