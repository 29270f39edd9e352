/**
 * What a session on the port for devices knows of the device that has come, and what of it was not as it should be and was made so: a
 * word each, for the log and `pennypost device show`.
 */
import type { Devices, DeviceUse, ListedDevice } from '../store/devices.js';
import type { Login } from './state.js';

export type Mend =
  /** A line ended with an LF alone, or the last one not at all, or a CR alone stood in one. */
  | 'line-ends'
  /** No name that could be one in EHLO or HELO. */
  | 'hello'
  | 'auth-before-hello'
  | 'password-in-clear'
  /** TLS of a version before 1.2. */
  | 'old-tls'
  /** Another sender in the envelope than the device's. */
  | 'sender'
  /** The same in From. */
  | 'from-replaced'
  | 'long-lines'
  | 'from'
  | 'date'
  | 'message-id'
  | 'mime-version';

export class Mends {
  readonly #words = new Set<Mend>();

  add(word: Mend): void {
    this.#words.add(word);
  }

  has(word: Mend): boolean {
    return this.#words.has(word);
  }

  /** Of this session so far, in the order in which they came. */
  get words(): readonly Mend[] {
    return [...this.#words];
  }
}

export interface DeviceSession {
  /** As it was listed when the session began. */
  readonly device: ListedDevice;
  readonly devices: Pick<Devices, 'listedDevices' | 'findDevice' | 'recordRefusal'>;
  readonly mends: Mends;
}

/** What was mended is known when the message has passed its stages. */
export function useOf({ device, mends }: DeviceSession): DeviceUse {
  return {
    id: device.id,
    get mended() {
      return mends.words;
    },
  };
}

/** A device with an account sends as one that has logged in to it, whether it did or not. */
export function deviceLogin({ name, account, from }: ListedDevice, isProved: boolean): Login | undefined {
  if (account?.enabled !== true) return undefined;
  return { ...account.grant, address: account.address, sendsAs: from, device: { name, isProved } };
}
