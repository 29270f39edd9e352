/** Headers of the PROXY protocol as a proxy makes them, right and wrong ones. */
import { Buffer } from 'node:buffer';
import { isIPv4 } from 'node:net';

/** `text` is what stands behind the mark: `TCP4 192.0.2.7 192.0.2.1 40000 25`. */
export function proxyV1(text: string): Buffer {
  return Buffer.from(`PROXY ${text}\r\n`, 'latin1');
}

/** `block` is everything behind the length. */
export function proxyV2(command: number, family: number, block: readonly number[] = []): Buffer {
  const mark = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
  return Buffer.concat([mark, Buffer.from([command, family, block.length >> 8, block.length & 0xff, ...block])]);
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export const V2 = {
  local: 0x20,
  proxy: 0x21,
  unspecified: 0x00,
  tcp4: 0x11,
  tcp6: 0x21,
  unix: 0x31,
  of(client: Endpoint, server: Endpoint): Buffer {
    const ports = [client.port, server.port].flatMap((port) => [port >> 8, port & 0xff]);
    const both = [client.address, server.address];
    if (both.every((address) => isIPv4(address)))
      return proxyV2(V2.proxy, V2.tcp4, [...both.flatMap((address) => address.split('.').map(Number)), ...ports]);
    return proxyV2(V2.proxy, V2.tcp6, [...both.flatMap(octetsOf), ...ports]);
  },
} as const;

/** Of an IPv4 address too, as IPv6 writes it. */
function octetsOf(address: string): readonly number[] {
  if (isIPv4(address)) return octetsOf(`::ffff:${address}`);
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...four: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = four.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = '', tail = ''] = plain.split('::');
  const fields = (part: string) => (part === '' ? [] : part.split(':'));
  const zeros = Array.from({ length: 8 - fields(head).length - fields(tail).length }, () => '0');
  const all = plain.includes('::') ? [...fields(head), ...zeros, ...fields(tail)] : fields(plain);
  return all.map((field) => parseInt(field, 16)).flatMap((field) => [field >> 8, field & 0xff]);
}
