/** What `pennypost doctor` looks at, and what it says of it. */
import type { Configuration } from '../config/configuration.js';

export interface Judgement {
  readonly state: 'fine' | 'warning' | 'wrong';
  readonly says: string;
  /** A command, or what to do. */
  readonly mend?: string;
}

type Judgements = Judgement | readonly Judgement[];

export interface Examination {
  readonly what: string;
  /** Several judgements are a line each. */
  examine(configuration: Configuration): Judgements | Promise<Judgements>;
}

export function fine(says: string): Judgement {
  return { state: 'fine', says };
}

/** It works, and may surprise. */
export function warning(says: string, mend: string): Judgement {
  return { state: 'warning', says, mend };
}

export function wrong(says: string, mend: string): Judgement {
  return { state: 'wrong', says, mend };
}
