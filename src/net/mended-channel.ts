/**
 * A channel whose client may end its lines with LF alone: a session that receives through it sees CRLF, in commands and messages alike. For the port for devices; behind no other port is there one.
 */
import { viewOf } from '../bytes/view.js';
import { LineEndMender } from '../bytes/line-ends-mended.js';
import type { Channel, Peer, Receiver } from '../session/channel.js';

export class MendedChannel implements Channel {
  readonly #channel: Channel;
  readonly #mended: () => void;

  /** `mended` is told when a line ended in another way. */
  constructor(channel: Channel, mended: () => void) {
    this.#channel = channel;
    this.#mended = mended;
  }

  get peer(): Peer {
    return this.#channel.peer;
  }

  open(receiver: Receiver): void {
    const mender = new LineEndMender(this.#mended);
    const receive = (bytes: Uint8Array): void => {
      if (bytes.length > 0) receiver.receive(viewOf(bytes));
    };
    this.#channel.open({
      receive: (bytes) => receive(mender.pass(bytes)),
      drained: () => receiver.drained(),
      inputEnded: () => {
        receive(mender.end());
        receiver.inputEnded();
      },
      closed: (error) => receiver.closed(error),
    });
  }

  /** Under TLS lines end no better. */
  async secure(): Promise<Channel> {
    return new MendedChannel(await this.#channel.secure(), this.#mended);
  }

  write(bytes: Uint8Array): boolean {
    return this.#channel.write(bytes);
  }

  writeAll(pieces: readonly Uint8Array[]): boolean {
    return this.#channel.writeAll(pieces);
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  end(): void {
    this.#channel.end();
  }

  destroy(): void {
    this.#channel.destroy();
  }
}
