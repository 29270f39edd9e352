/**
 * The accounts that every peer with maildrops has. The names are those that `smtp-source -r` makes of one address:
 * `box`, and for more recipients `2box`, `3box` and so on.
 */
export const DOMAIN = 'localhost';
export const PASSWORD = 'correct-horse';
export const BOX = 'box';
/** RFC 5321 §4.5.3.1.8 lets a client count on 100 recipients; the benchmark sends to half of them. */
export const BOXES = 50;
/** Maildrops of these sizes, for the time from connect to the STAT answer. */
export const DROP_SIZES = [0, 100, 10_000, 100_000] as const;

export function boxes(count: number = BOXES): readonly string[] {
  return Array.from({ length: count }, (_, at) => (at === 0 ? BOX : `${at + 1}${BOX}`));
}

export function drop(size: number): string {
  return `drop${size}`;
}

export function addressOf(local: string): string {
  return `${local}@${DOMAIN}`;
}

/** Those that are read, and whose password is known on every peer. */
export function maildrops(): readonly string[] {
  return [...boxes(), ...DROP_SIZES.map(drop)];
}

export function everyAccount(): readonly string[] {
  return ['postmaster', ...maildrops()];
}
