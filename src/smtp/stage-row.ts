/** A row of the list of stages: looks at who sends what to whom, and says what is to be done with the message. */
import type { Stage } from '../message/stage.js';
import type { Peer } from '../session/channel.js';
import type { Deliveries } from '../store/deliveries.js';
import type { SmtpReply } from './replies.js';
import type { SmtpSettings } from './settings.js';
import type { Transaction } from './state.js';

/** A message that begins to come. */
export interface Incoming {
  /** Names the message to the client and in its Received header. */
  readonly id: string;
  readonly atMs: number;
  /** Greeting, login, sender and recipients. */
  readonly transaction: Transaction;
  readonly peer: Peer;
  readonly settings: SmtpSettings;
  readonly store: Deliveries;
}

/** Undefined for a message that the stage has nothing to do with. It is made for this message alone. */
export type StageRow = (message: Incoming) => Stage<SmtpReply> | undefined;
