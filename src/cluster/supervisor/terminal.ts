/**
 * The terminal that a server was started in. A terminal that is closed sends SIGHUP, which otherwise means a reload; what
 * tells them apart is that the kernel has taken the terminal away, and a descriptor of it is none any more.
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

const STANDARD = [0, 1, 2];
/** Of device numbers (Linux's devices.txt): consoles and serial lines, and pseudo-terminals. */
const CONSOLES = 4;
const [FIRST_PSEUDO, LAST_PSEUDO] = [136, 143];

export class Terminal {
  /** Those that were its descriptors at the start; none under systemd, PM2 or nohup. */
  readonly #descriptors = STANDARD.filter((descriptor) => isatty(descriptor) || wasTerminal(descriptor));
  /** In the background with its output elsewhere, a server outlives its terminal. One that is gone already cannot be asked. */
  readonly #isBound =
    this.#descriptors.some((descriptor) => descriptor > 0) || this.#lost().length > 0 || isInForeground();

  /** It is gone, and with it the server that was started in it. */
  get isGone(): boolean {
    return this.#isBound && this.#lost().length > 0;
  }

  /** Before the end: Node aborts when a terminal cannot be set back to how it was found. */
  release(): void {
    for (const descriptor of this.#lost()) {
      closeSync(descriptor);
      openSync('/dev/null', 'r+'); // It gets the lowest number, which has just become free.
    }
  }

  #lost(): readonly number[] {
    return this.#descriptors.filter((descriptor) => !isatty(descriptor));
  }
}

/** Closed while the program was loaded: it is no terminal any more, but still the device of one. */
function wasTerminal(descriptor: number): boolean {
  try {
    const { rdev } = fstatSync(descriptor);
    const major = (rdev >> 8) & 0xfff;
    return major === CONSOLES || (major >= FIRST_PSEUDO && major <= LAST_PSEUDO);
  } catch {
    return false;
  }
}

/** Its group is the terminal's foreground: proc(5), behind the name, which may hold anything. */
function isInForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return group === foreground;
  } catch {
    return true;
  }
}
