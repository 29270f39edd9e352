/** Counts from the moment at which it is let go, and says every number. When it is to drain it counts to the next ten, and ends. */
import { receiveFromSupervisor, sendToSupervisor } from '../../../src/cluster/control/child.js';
import type { FromChild, Start, ToChild } from '../../../src/cluster/control/messages.js';

const TURN_MS = 20;

/** One line of a counter's. */
export interface Counted {
  readonly counter: number;
  readonly pid: number;
  readonly hostname: string;
  readonly count: number;
  readonly draining: boolean;
}

export function runCounter(): void {
  let counter: Counter | undefined;
  receiveFromSupervisor(
    (told) => {
      const message = told as Start | ToChild;
      if (message.kind === 'start') counter = new Counter(message);
      else if (message.kind === 'go') counter?.begin();
      else if (message.kind === 'drain') counter?.drain();
    },
    () => ({ counts: { counted: counter?.count ?? 0 } }),
  );
}

class Counter {
  readonly #said: Pick<Counted, 'counter' | 'pid' | 'hostname'>;
  #count = 0;
  #draining = false;

  constructor({ number, configuration: { hostname } }: Start) {
    this.#said = { counter: number, pid: process.pid, hostname };
    tell({ kind: 'prepared' });
  }

  get count(): number {
    return this.#count;
  }

  begin(): void {
    setInterval(() => this.#next(), TURN_MS);
    tell({ kind: 'ready' });
  }

  drain(): void {
    this.#draining = true;
  }

  #next(): void {
    this.#count += 1;
    const line: Counted = { ...this.#said, count: this.#count, draining: this.#draining };
    process.stdout.write(`${JSON.stringify(line)}\n`, () => {
      if (line.draining && line.count % 10 === 0) process.exit(0);
    });
  }
}

function tell(message: FromChild): void {
  sendToSupervisor(message);
}
