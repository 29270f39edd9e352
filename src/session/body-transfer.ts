/** A body on its way from the reader into its sink, from the command that asked for it to its true end. */
import { bodyReader, type BodyReader } from './body.js';
import type { Outcome, State } from './command.js';
import type { Reader } from './reader.js';

type Collect<S extends State> = Extract<Outcome<S>, { kind: 'collect' }>;

/** In one step: 64 KiB of lines with a stuffed dot and nothing else would keep all others waiting for milliseconds. */
const STEP_BYTES = 16 * 1024;
/** While so many wait that each has less than its share. */
const CROWDED_STEP_BYTES = 4 * 1024;

/** What became of the bytes that waited. `written` is there when the sink asked to wait. */
export interface Taken {
  readonly ended: boolean;
  readonly drained: Promise<void> | undefined;
}

export class BodyTransfer<S extends State> {
  readonly kind = 'collect';
  readonly #command: Collect<S>;
  readonly #body: BodyReader;

  constructor(command: Collect<S>) {
    this.#command = command;
    this.#body = bodyReader(command.framing);
  }

  /** Whether there is anything to do: bytes wait, or none are needed. */
  canProceed(reader: Reader): boolean {
    const { framing } = this.#command;
    return reader.waiting > 0 || (framing.until === 'count' && framing.octets === 0);
  }

  /** Passes on a step of what waits; what follows the end goes back to the reader. */
  take(reader: Reader, isCrowded: boolean): Taken {
    const { pieces, rest } = this.#body.pass(reader.take(isCrowded ? CROWDED_STEP_BYTES : STEP_BYTES));
    let drained: Promise<void> | undefined;
    for (const piece of pieces) drained = both(drained, this.#command.sink.write(piece));
    if (rest !== undefined) reader.unread(rest);
    return { ended: rest !== undefined, drained };
  }

  /** What the end of the body leads to. */
  end(behind: () => Uint8Array): Outcome<S> | Promise<Outcome<S>> {
    return this.#command.ended(this.#body.end, behind);
  }

  abandon(): void {
    this.#command.sink.abandon();
  }
}

/** The pieces of one read go in together: the wait bounds how much is read, not each piece. */
function both(first: Promise<void> | undefined, second: void | Promise<void>): Promise<void> | undefined {
  if (!(second instanceof Promise)) return first;
  return first === undefined ? second : Promise.all([first, second]).then(() => undefined);
}
