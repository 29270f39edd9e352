/** What routes may use, put together in src/cluster/web-process.ts. */
import type { ServerHealth } from './server-health.js';

export interface WebContext {
  readonly health: ServerHealth;
  /** The process is to end: what waits or streams ends with it. */
  readonly ending: AbortSignal;
}
