/**
 * IP addresses as text, in the one way of writing each that the rest of the program compares, counts and shows.
 * Never resolves anything, and never judges whether a text is an address: whoever made it has.
 */

/** An IPv4 client of a dual-stack socket is what it is, and a zone (`%eth0`) tells of our interfaces, not of the client. */
export function plainAddress(address: string): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
}

/** 127.0.0.0/8 or ::1, of an address that is plain. */
export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/**
 * Whether who listens there is reached by nobody but this machine, of what an operator wrote: an address in any spelling, or a
 * name. Stricter than `isLoopback`: a name such as 127.example.org may be anything, and `localhost` may not.
 */
export function isLoopbackHost(host: string): boolean {
  return host === '::1' || host === 'localhost' || /^127(\.\d+){3}$/.test(host) || /^::ffff:127\./i.test(host);
}
