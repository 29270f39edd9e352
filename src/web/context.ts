/** What routes may use, put together in src/cluster/web-process.ts. */
import type { Mailboxes } from '../store/mailboxes.js';
import type { RemovedMail } from '../store/removed-mail.js';
import type { Directory } from '../store/directory.js';
import type { Logins } from '../store/logins.js';
import type { WebSessions } from '../store/web-sessions.js';
import type { Asker } from './asker.js';
import type { Measured } from './metrics.js';
import type { WebLogins } from './login.js';
import type { PageFiles } from './page-files.js';
import type { MailService } from './mail-services.js';
import type { ServerHealth } from './server-health.js';

export interface WebContext {
  readonly health: ServerHealth;
  readonly logins: WebLogins;
  readonly isMonitor: (asker: Asker) => boolean;
  readonly measure: () => Promise<Measured>;
  /** The parts of the store that routes read and change. */
  readonly store: Pick<Logins, 'loginAddress' | 'saltSecret'> & {
    readonly directory: Directory;
    readonly mailboxes: Mailboxes;
    readonly removedMail: RemovedMail;
    readonly webSessions: WebSessions;
  };
  readonly services: readonly MailService[];
  readonly page: PageFiles;
  /** --web-base-path, '' for none. */
  readonly basePath: string;
  /** The process is to end: what waits or streams ends with it. */
  readonly ending: AbortSignal;
}
