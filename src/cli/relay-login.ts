/**
 * `pennypost relay login`: gets an access token for a relay in one of four ways, and stores it with all that is needed for the next.
 * No secret is taken from the command line, none is shown, and nothing is stored before the provider has given a token. What it gave
 * may be the only one that it ever gives: it is tried first whether the store can be opened, and again for a while when it cannot.
 */
import { printableLine } from '../message/printable.js';
import { logInByBrowser } from '../oauth/authorization-code.js';
import { logInByDevice } from '../oauth/device-code.js';
import { findProvider, knownProviders, type Provider } from '../oauth/providers.js';
import { ProviderError } from '../oauth/provider-error.js';
import { refreshed } from '../oauth/token-request.js';
import { firstLineOf } from '../runtime/first-line.js';
import type { Relay } from '../outbound/client/relay-url.js';
import { untilTaken } from '../store/patience.js';
import type { TokenClient, Tokens } from '../store/relay-logins.js';
import { optionFlags, UsageError, type Command, type Flag, type Invocation } from './command.js';
import { exit, Refusal } from './exit.js';
import { outboundInForce } from './outbound-configuration.js';
import { relayHosts } from './relay-hosts.js';
import { readInput } from './standard-input.js';
import { requireDatabase, withExistingStore } from './storage.js';
import { ask, isTerminal, print } from './terminal.js';

const STANDARD_INPUT = '-';
/** No provider's is nearly so long. */
const SECRET_LIMIT_BYTES = 32 * 1024;
const PORT_LIMIT = 65_535;
/** For a store that cannot be had just now; then the tokens are lost. */
const STORE_PATIENCE_MS = 30_000;

const flags = {
  user: { name: 'user', placeholder: 'NAME', doc: 'Who logs in at the relay; the user of --relay unless told.' },
  clientId: {
    ...{ name: 'client-id', placeholder: 'ID', essential: true },
    doc: 'What the provider calls this server: the id of the application that was registered there.',
  },
  clientSecretFile: {
    ...{ name: 'client-secret-file', placeholder: 'FILE' },
    doc: "The file whose first line is the application's secret, where it has one.",
  },
  tenant: { name: 'tenant', placeholder: 'TENANT', doc: 'The organization, for microsoft; any unless told.' },
  relayHost: {
    ...{ name: 'relay-host', placeholder: 'HOSTS' },
    doc: 'The relays that its tokens may go to, separated by commas; unless told those of the provider, where they are known, else of --relay and the routes for the user.',
  },
  replace: {
    ...{ name: 'replace', placeholder: '' },
    doc: 'Put it in the place of a login of the same user at another provider.',
  },
  scope: { name: 'scope', placeholder: 'TEXT', doc: 'What the token is good for; to send mail, where that is known.' },
  device: { name: 'device', placeholder: '', doc: 'Show a code to be typed on another machine.' },
  port: {
    ...{ name: 'port', placeholder: 'PORT', initial: '0' },
    doc: 'Of this machine, where the browser comes back to; 0 takes one that is free.',
  },
  clientCredentials: {
    ...{ name: 'client-credentials', placeholder: '' },
    doc: 'Log in as the application itself, by its secret, without a person.',
  },
  refreshTokenFile: {
    ...{ name: 'refresh-token-file', placeholder: 'FILE' },
    doc: 'Take a refresh token that there is already; - is standard input.',
  },
  tokenEndpoint: { name: 'token-endpoint', placeholder: 'URL', doc: 'Where tokens are given, if it is not known.' },
  authorizationEndpoint: { name: 'authorization-endpoint', placeholder: 'URL', doc: 'The page where people log in.' },
  deviceEndpoint: { name: 'device-endpoint', placeholder: 'URL', doc: 'Where codes for --device are given.' },
} as const satisfies Readonly<Record<string, Flag>>;

type FlagName = keyof typeof flags;

interface Wanted {
  readonly invocation: Invocation;
  readonly user: string;
  readonly provider: Provider;
  readonly client: TokenClient;
  readonly hosts: readonly string[];
  /** That there is already. */
  readonly refreshToken: string | undefined;
}

async function login(invocation: Invocation): Promise<number> {
  const { db } = invocation.load().configuration;
  try {
    await requireDatabase(db);
    const wanted = await prepare(invocation);
    const tokens = await tokensFor(wanted);
    requireLasting(wanted, tokens);
    const { user, provider, client, hosts } = wanted;
    const store = () =>
      withExistingStore(db, ({ relayLogins }) =>
        relayLogins.setRelayLogin({ user, provider: provider.name, hosts, ...client, ...tokens }),
      );
    await untilTaken(store, AbortSignal.timeout(STORE_PATIENCE_MS));
    await print(
      `${user} logs in at ${hosts.join(', ')} with tokens of ${provider.name} from now on; the relay's URL ends with ?auth=oauth.\n`,
    );
    return exit.fine;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    throw new Refusal(`${invocation.operands[0]} ${error.message}.`);
  }
}

async function prepare(invocation: Invocation): Promise<Wanted> {
  requireOneWay(invocation);
  const clientId = given(invocation, 'clientId');
  if (clientId === undefined) throw new UsageError('--client-id is missing: what the provider calls this server');
  const secretFile = given(invocation, 'clientSecretFile');
  const clientSecret = secretFile === undefined ? undefined : await secretIn(secretFile, flags.clientSecretFile);
  const provider = await findProvider({
    provider: invocation.operands[0] ?? '',
    tenant: given(invocation, 'tenant'),
    tokenEndpoint: given(invocation, 'tokenEndpoint'),
    authorizationEndpoint: given(invocation, 'authorizationEndpoint'),
    deviceEndpoint: given(invocation, 'deviceEndpoint'),
  });
  const { tokenEndpoint, scope: usual, ownScope = usual } = provider;
  if (tokenEndpoint === undefined) throw new ProviderError('does not say where it gives tokens; give --token-endpoint');
  const scope = given(invocation, 'scope') ?? (isSet(invocation, 'clientCredentials') ? ownScope : usual);
  const client = { tokenEndpoint, clientId, clientSecret, scope };
  if (isSet(invocation, 'clientCredentials') && clientSecret === undefined)
    throw new UsageError('--client-credentials needs --client-secret-file');
  const filed = await filedRefreshToken(invocation);
  const { relay } = await outboundInForce(invocation); // As the database's owner from here on.
  const user = userOf(invocation, relay);
  const hosts = await hostsFor(invocation, { user, provider, relay });
  const refreshToken = filed ?? (await typedRefreshToken(invocation));
  return { invocation, user, provider, client, hosts, refreshToken };
}

/** Opens the store for the first time. @throws Refusal where the user is another provider's */
async function hostsFor(
  invocation: Invocation,
  { user, provider: { name, hosts }, relay }: Pick<Wanted, 'user' | 'provider'> & { readonly relay: readonly Relay[] },
): Promise<readonly string[]> {
  const { db } = invocation.load().configuration;
  const { before, routes } = await withExistingStore(db, async (store) => ({
    before: await store.relayLogins.findRelayLogin(user),
    routes: await store.routes.listRoutes(),
  }));
  if (before !== undefined && before.provider !== name && !isSet(invocation, 'replace'))
    throw new Refusal(
      `${user} logs in with tokens of ${printableLine(before.provider)} already; --replace puts this login in its place.`,
    );
  return relayHosts({ user, told: given(invocation, 'relayHost'), known: hosts, relays: relay, routes });
}

async function tokensFor({ invocation, user, provider, client, refreshToken }: Wanted): Promise<Tokens> {
  if (refreshToken !== undefined) return { refreshToken, ...(await refreshed({ ...client, refreshToken })) };
  if (isSet(invocation, 'clientCredentials')) return refreshed(client);
  if (isSet(invocation, 'device')) return logInByDevice({ provider, client, show: showCode });
  return logInByBrowser({ provider, client, user, port: portOf(invocation), show: showPage });
}

/** Without a refresh token all would end within the hour. */
function requireLasting({ invocation }: Wanted, { refreshToken }: Tokens): void {
  if (refreshToken !== undefined || isSet(invocation, 'clientCredentials')) return;
  throw new ProviderError('gives no refresh token, so the login would soon end; its --scope may have to ask for one');
}

function requireOneWay(invocation: Invocation): void {
  const ways = [flags.device, flags.clientCredentials, flags.refreshTokenFile].map(({ name }) => name);
  const wanted = ways.filter((name) => invocation.has(name) || invocation.text(name) !== undefined);
  if (wanted.length > 1) throw new UsageError(`${wanted.map((name) => `--${name}`).join(' and ')} exclude each other`);
}

function userOf(invocation: Invocation, relay: readonly Relay[]): string {
  const user = given(invocation, 'user');
  if (user !== undefined) return user;
  const users = new Set(relay.filter(({ auth }) => auth === 'oauth').map((one) => one.user));
  const [only] = users;
  if (users.size === 1 && only !== undefined) return only;
  throw new UsageError('--user is missing: who logs in at the relay, which is before the @ of its URL');
}

function portOf(invocation: Invocation): number {
  const text = given(invocation, 'port') ?? '0';
  if (!/^\d{1,5}$/.test(text) || Number(text) > PORT_LIMIT)
    throw new UsageError(`--port takes a port from 0 to ${PORT_LIMIT}, not '${text}'`);
  return Number(text);
}

async function filedRefreshToken(invocation: Invocation): Promise<string | undefined> {
  const file = given(invocation, 'refreshTokenFile');
  return file === undefined || file === STANDARD_INPUT ? undefined : secretIn(file, flags.refreshTokenFile);
}

async function typedRefreshToken(invocation: Invocation): Promise<string | undefined> {
  if (given(invocation, 'refreshTokenFile') !== STANDARD_INPUT) return undefined;
  const [text] = isTerminal()
    ? await ask(['Refresh token: '], { hidden: true })
    : [await readInput(SECRET_LIMIT_BYTES)];
  if (text === undefined || text.trim() === '')
    throw new UsageError('there is no refresh token in the standard input, or too much');
  return text.trim();
}

async function secretIn(file: string, { name }: Flag): Promise<string> {
  try {
    const line = await firstLineOf(file, { limitOctets: SECRET_LIMIT_BYTES, isWaitedFor: true });
    if (line.trim() !== '') return line.trim();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`--${name}: ${file} cannot be read: ${code ?? message}`);
  }
  throw new UsageError(`--${name}: there is no secret in the first line of ${file}`);
}

async function showPage(url: string): Promise<void> {
  await print(`Open this page in a browser on this machine, and log in:\n\n${url}\n\n`);
}

async function showCode(url: string, code: string): Promise<void> {
  await print(`Open ${printableLine(url)} in any browser, and type the code ${printableLine(code)}\n`);
}

function given(invocation: Invocation, name: FlagName): string | undefined {
  return invocation.text(flags[name].name);
}

function isSet(invocation: Invocation, name: FlagName): boolean {
  return invocation.has(flags[name].name);
}

export const relayLogin: Command = {
  words: 'relay login',
  summary: 'Get an access token (OAuth) for a relay, and keep it fresh from then on.',
  operands: [
    {
      name: 'PROVIDER',
      doc: `who gives tokens: ${knownProviders.join(', ')}, or the URL of any other that says where`,
    },
  ],
  flags: [...Object.values(flags), ...optionFlags('relay', 'db')],
  examples: [
    'relay login microsoft --client-id ID --user office@example.org',
    'relay login microsoft --client-id ID --user office@example.org --device',
    'relay login google --client-id ID --client-secret-file secret --user office@example.org',
  ],
  run: login,
};
