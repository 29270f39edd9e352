/** What a server announced after EHLO or LHLO (RFC 5321 §4.1.1.1): keywords in any case, each with its parameters. */
import type { Reply } from './reply.js';

export class Extensions {
  readonly #announced = new Map<string, readonly string[]>();

  /** The first line of the reply greets; without a reply nothing is announced, as after HELO. */
  constructor(reply?: Reply) {
    for (const line of reply?.lines.slice(1) ?? []) {
      const [keyword = '', ...parameters] = line.trim().split(/[ \t]+/);
      // Servers that wanted old clients to log in announce `AUTH=LOGIN`.
      if (/^AUTH=/i.test(keyword)) this.#add('AUTH', [keyword.slice('AUTH='.length), ...parameters]);
      else this.#add(keyword.toUpperCase(), parameters);
    }
  }

  has(keyword: string): boolean {
    return this.#announced.has(keyword);
  }

  /** Mechanisms of SASL, in upper case (RFC 4954 §3). */
  get mechanisms(): readonly string[] {
    return (this.#announced.get('AUTH') ?? []).map((name) => name.toUpperCase());
  }

  /** The octets that a message may have (RFC 1870 §3); undefined without a limit. */
  get sizeLimitOctets(): number | undefined {
    const [digits = ''] = this.#announced.get('SIZE') ?? [];
    const limit = /^\d{1,20}$/.test(digits) ? Number(digits) : 0;
    return limit === 0 ? undefined : limit;
  }

  #add(keyword: string, parameters: readonly string[]): void {
    this.#announced.set(keyword, [...(this.#announced.get(keyword) ?? []), ...parameters]);
  }
}
