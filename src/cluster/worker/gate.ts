/** Where connections wait that come before a worker may accept: in order, unread, and let in together. */
import type { Socket } from 'node:net';

export class Gate {
  #waiting: (() => void)[] | undefined = [];

  enter(socket: Socket, letIn: () => void): void {
    if (this.#waiting === undefined) return letIn();
    const ignore = (): void => undefined; // It is closed, and whoever it is handed to finds that out.
    socket.on('error', ignore);
    this.#waiting.push(() => {
      socket.off('error', ignore);
      letIn();
    });
  }

  /** From now on nobody waits. */
  open(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const letIn of waiting) letIn();
  }
}
