/** A change, as it travels to the store in JSON: a method of one of the interfaces below, and what it was given. */
import type { Autoreplies } from '../../autoreplies.js';
import type { Collectors } from '../../collectors.js';
import type { Devices } from '../../devices.js';
import type { Directory } from '../../directory.js';
import type { Mailboxes } from '../../mailboxes.js';
import type { QueuedMail } from '../../queued-mail.js';
import type { RelayLogins } from '../../relay-logins.js';
import type { RemovedMail } from '../../removed-mail.js';
import type { Routes } from '../../routes.js';
import type { WebSessions } from '../../web-sessions.js';
import type { Address } from '../../shapes.js';

/** What `restoreTo` is made of. */
interface Undoing {
  /**
   * Some messages of a removal are there again under their old uids; resolves with how many. Rejects with 'refused' when anything that
   * was removed after this moment was purged.
   */
  undoRemoval(address: Address, removal: number, afterMs: number): Promise<number>;
}

export type Changes = Directory &
  Autoreplies &
  Collectors &
  Devices &
  QueuedMail &
  RelayLogins &
  Routes &
  WebSessions &
  Pick<RemovedMail, 'restoreMail'> &
  Pick<Mailboxes, 'indexMail'> &
  Undoing;
/** Those methods that change something. */
export type ChangeName = Exclude<keyof Changes, `${'list' | 'find' | 'record'}${string}` | 'count'>;

export interface Change<Name extends ChangeName = ChangeName> {
  readonly change: Name;
  /** In JSON, null stands for what was not given. */
  readonly given: Readonly<Parameters<Changes[Name]>>;
}
