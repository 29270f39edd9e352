/**
 * What the rest of the program knows of storage, whatever driver is behind it.
 * These files import nothing but each other: a driver is free in everything that is not written here,
 * and test/store/contract holds every driver to what is.
 *
 * Failures leave a store as a StoreError with a kind; anything else it throws is a bug.
 */
import type { Autoreplies } from './autoreplies.js';
import type { Collectors } from './collectors.js';
import type { Deliveries } from './deliveries.js';
import type { Devices } from './devices.js';
import type { Directory } from './directory.js';
import type { History } from './history.js';
import type { Logins } from './logins.js';
import type { Mailboxes } from './mailboxes.js';
import type { Maildrops } from './maildrops.js';
import type { QueuedMail } from './queued-mail.js';
import type { Queue } from './queue.js';
import type { RelayLogins } from './relay-logins.js';
import type { RemovedMail } from './removed-mail.js';
import type { Routes } from './routes.js';
import type { WebSessions } from './web-sessions.js';

/** All of a store: who uses it is handed the part that he needs. */
export interface MailStore extends Deliveries, Maildrops, Logins {
  readonly autoreplies: Autoreplies;
  readonly collectors: Collectors;
  readonly directory: Directory;
  readonly devices: Devices;
  readonly history: History;
  readonly mailboxes: Mailboxes;
  /** For the process that sends. */
  readonly queue: Queue;
  readonly queuedMail: QueuedMail;
  readonly relayLogins: RelayLogins;
  readonly removedMail: RemovedMail;
  /** Of mail that goes out. */
  readonly routes: Routes;
  readonly webSessions: WebSessions;
  close(): Promise<void>;
}
