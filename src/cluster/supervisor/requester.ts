import type { FromLoginLimiter, ToWorker } from '../control/messages.js';

/** A worker as those see it whom it asks who may come in. */
export interface Requester {
  send(message: ToWorker): void;
}

/** A process, as the login limiter sees it, in which people log in. */
export interface LoginRequester {
  send(message: FromLoginLimiter): void;
}
