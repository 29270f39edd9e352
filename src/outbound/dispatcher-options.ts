/** What a dispatcher works with, and how much it may have under way. */
import type { Queue } from '../store/queue.js';
import type { BouncesOptions } from './bounces.js';
import type { Client } from './client/connection.js';
import type { HopLimits } from './hops.js';
import type { OutcomeObserver } from './outcomes.js';
import type { Router } from './routes.js';
import type { Schedule } from './schedule.js';

export interface DispatcherOptions {
  /** Unlike every other sender's, of all times. */
  readonly name: string;
  readonly queue: Queue;
  /** These recipients are due now, whatever their next attempt. */
  readonly retry: (ids: readonly number[]) => Promise<unknown>;
  readonly store: BouncesOptions['store'];
  readonly router: Router;
  readonly client: Client;
  readonly schedule: Schedule;
  readonly limits: DispatcherLimits;
  readonly observer: OutcomeObserver;
  readonly hostname: string;
  readonly domain: string;
}

export interface DispatcherLimits extends HopLimits {
  /** Recipients in one transaction of SMTP, and one of LMTP. */
  readonly recipients: number;
  /** Jobs for one hop; what comes beyond is tried later, so that a slow hop does not take the places of all others. */
  readonly waiting: number;
  /** In memory: under way, next, or not settled yet. */
  readonly leased: number;
}
