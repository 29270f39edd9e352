/**
 * The shapes of what is measured. A stage is an instance of a peer in a certain condition; its scenarios are measured on it
 * one after another. A scenario of a stage that keeps its homes finds them in the next round as they were left.
 */
import type { Figures } from './measure/figures.js';
import type { Instance, PeerName, Waiting } from './peers/peer.js';

/** When a row is measured: `target` in every round of every form, `plain` once, `long` with --long alone. */
export type Form = 'target' | 'plain' | 'long';

export interface Pace {
  /** Of one measurement, about. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly mixSeconds: number;
}

export interface Bench {
  readonly pace: Pace;
  /** The compiled POP3 load generator; empty where no scenario that reads is run. */
  readonly pop3Program: string;
  /** A directory for what is no peer's. */
  readonly data: string;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** What `rate` counts. */
  readonly unit: string;
  readonly form: Form;
  readonly peers: readonly PeerName[];
  /** It needs the POP3 load generator, and so a C compiler. */
  readonly reads?: boolean;
  readonly run: (instance: Instance, bench: Bench) => Promise<Figures>;
}

export interface Stage {
  readonly name: string;
  readonly workers: number;
  readonly keepsHomes: boolean;
  /** How its instances are started, besides. */
  readonly sends?: boolean;
  readonly waiting?: Waiting;
  /** Once for each home, before anything is measured in it. */
  readonly prepare?: (instance: Instance, bench: Bench) => Promise<void>;
  readonly scenarios: readonly Scenario[];
}
