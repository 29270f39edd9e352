import type { ToWorker } from '../control/messages.js';

/** A worker as those see it whom it asks: who may come in, and who may log in. */
export interface Requester {
  send(message: ToWorker): void;
}
