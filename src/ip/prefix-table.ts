/**
 * Which of many networks is the narrowest that holds an address: one look for each length of prefix that occurs, however many networks
 * there are. Made once, and asked for each connection.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { fieldsOf, readNetwork, type Family } from './networks.js';

interface Level<T> {
  readonly bits: number;
  /** By the bits of their prefix. */
  readonly values: Map<bigint, T>;
}

const WIDTHS: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 };
const OCTETS = 256;
const FIELD_DIGITS = 4;

export class PrefixTable<T extends object> {
  /** The narrowest first. */
  readonly #levels: Readonly<Record<Family, readonly Level<T>[]>>;

  /** Of two that name the same network the first counts; what is no network is left out. */
  constructor(entries: Iterable<readonly [network: string, value: T]>) {
    const levels = { ipv4: new Map<number, Level<T>>(), ipv6: new Map<number, Level<T>>() };
    for (const [text, value] of entries) {
      const network = readNetwork(text);
      if (network === undefined) continue;
      const { family, address, bits } = network;
      const level = levels[family].get(bits) ?? { bits, values: new Map<bigint, T>() };
      levels[family].set(bits, level);
      const prefix = prefixOf(numberOf(address, family), bits, family);
      if (!level.values.has(prefix)) level.values.set(prefix, value);
    }
    this.#levels = { ipv4: narrowestFirst(levels.ipv4), ipv6: narrowestFirst(levels.ipv6) };
  }

  find(address: string): T | undefined {
    const family = familyOf(address);
    if (family === undefined) return undefined;
    const number = numberOf(address, family);
    for (const { bits, values } of this.#levels[family]) {
      const found = values.get(prefixOf(number, bits, family));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function narrowestFirst<T>(levels: ReadonlyMap<number, Level<T>>): readonly Level<T>[] {
  return [...levels.values()].sort((one, other) => other.bits - one.bits);
}

function familyOf(address: string): Family | undefined {
  if (isIPv4(address)) return 'ipv4';
  return isIPv6(address) ? 'ipv6' : undefined;
}

function prefixOf(number: bigint, bits: number, family: Family): bigint {
  return number >> BigInt(WIDTHS[family] - bits);
}

function numberOf(address: string, family: Family): bigint {
  if (family === 'ipv4')
    return BigInt(address.split('.').reduce((number, octet) => number * OCTETS + Number(octet), 0));
  return BigInt(
    `0x${fieldsOf(address)
      .map((field) => field.padStart(FIELD_DIGITS, '0'))
      .join('')}`,
  );
}
