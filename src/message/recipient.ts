/** One RCPT that was accepted: the forward-path as given and what it leads to. */
import type { Target } from '../store/deliveries.js';

export interface Recipient {
  readonly text: string;
  readonly targets: readonly Target[];
}
