/** The mechanisms of this client, strongest first, and which of them a server and a connection allow. */
import { printableLine } from '../../message/printable.js';
import type { ClientExchange, ClientMechanism, LoginContext } from './mechanism.js';
import type { Credentials } from './next-hop.js';
import { escaped, scramSha256, scramSha256Plus } from './scram.js';

type Password = Extract<Credentials, { kind: 'password' }>;
type Token = Extract<Credentials, { kind: 'token' }>;

const NOTHING = Buffer.alloc(0);

/** RFC 4616. */
const plain: ClientMechanism<Password> = {
  name: 'PLAIN',
  proves: 'password',
  begin: ({ user, password }) => ({ initial: Buffer.from(`\0${user}\0${password}`), respond: () => undefined }),
};

/** Never standardized: whatever is asked first is the name, and then the password. */
const login: ClientMechanism<Password> = {
  name: 'LOGIN',
  proves: 'password',
  begin({ user, password }) {
    const answers = [user, password];
    return {
      respond() {
        const answer = answers.shift();
        return answer === undefined ? undefined : Buffer.from(answer);
      },
    };
  },
};

/** RFC 7628 §3.1. The host and port are those that were dialled. */
const oauthBearer: ClientMechanism<Token> = {
  name: 'OAUTHBEARER',
  proves: 'token',
  begin({ user, accessToken }, { nextHop: { endpoint } }) {
    const where = endpoint.kind === 'network' ? `\x01host=${endpoint.host}\x01port=${endpoint.port}` : '';
    const initial = Buffer.from(`n,a=${escaped(user)},${where}\x01auth=Bearer ${accessToken}\x01\x01`);
    return new TokenExchange(initial, Buffer.from('\x01'));
  },
};

/** Google's, and Microsoft's. */
const xoauth2: ClientMechanism<Token> = {
  name: 'XOAUTH2',
  proves: 'token',
  begin: ({ user, accessToken }) =>
    new TokenExchange(Buffer.from(`user=${user}\x01auth=Bearer ${accessToken}\x01\x01`), NOTHING),
};

/** A challenge says what is wrong with the token (RFC 7628 §3.2.2); it is answered, and then the refusal follows. */
class TokenExchange implements ClientExchange {
  readonly initial: Buffer;
  readonly #acknowledgement: Buffer;
  detail: string | undefined;

  constructor(initial: Buffer, acknowledgement: Buffer) {
    this.initial = initial;
    this.#acknowledgement = acknowledgement;
  }

  respond(challenge: Buffer): Buffer | undefined {
    if (this.detail !== undefined) return undefined;
    this.detail = printableLine(challenge.toString());
    return this.#acknowledgement;
  }
}

const MECHANISMS: readonly ClientMechanism[] = [
  scramSha256Plus,
  scramSha256,
  plain,
  login,
  oauthBearer,
  xoauth2,
] as readonly ClientMechanism[];

/** Those that can be used, best first. */
export function usable(
  offered: readonly string[],
  { kind }: Credentials,
  context: LoginContext,
): readonly ClientMechanism[] {
  return MECHANISMS.filter(
    ({ name, proves, binds }) => proves === kind && offered.includes(name) && (binds === undefined || binds(context)),
  );
}

/** For sentences. */
export function namesFor({ kind }: Credentials): string {
  return MECHANISMS.filter(({ proves }) => proves === kind)
    .map(({ name }) => name)
    .join(', ');
}
