/** Who gives tokens, and where: two that are known by name, and any other by its URL (RFC 8414, OpenID Connect Discovery). */
import { request, requireSafe } from './http.js';
import { ProviderError } from './provider-error.js';

export interface Endpoints {
  readonly tokenEndpoint?: string | undefined;
  readonly authorizationEndpoint?: string | undefined;
  readonly deviceEndpoint?: string | undefined;
}

export interface Provider extends Endpoints {
  readonly name: string;
  /** As it names itself in its answers; where it is not known, it is not looked at. */
  readonly issuer?: string | undefined;
  readonly scope?: string | undefined;
  /** Where the server logs in as itself. */
  readonly ownScope?: string | undefined;
  /** What else the page for people is asked for. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The relays that take its tokens. */
  readonly hosts?: readonly string[];
  /** How it wants this machine named to come back to. */
  readonly loopback?: string;
}

/** Any account of an organization or a person. */
const ANY_TENANT = 'common';

const KNOWN: Readonly<Record<string, (tenant: string) => Provider>> = {
  microsoft: (tenant) => ({
    name: 'microsoft',
    tokenEndpoint: `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`,
    authorizationEndpoint: `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/authorize`,
    deviceEndpoint: `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/devicecode`,
    scope: 'https://outlook.office.com/SMTP.Send offline_access',
    ownScope: 'https://outlook.office365.com/.default',
    hosts: ['smtp.office365.com', 'smtp-mail.outlook.com'],
    loopback: 'localhost', // It is registered so, and then every port is right.
  }),
  google: () => ({
    name: 'google',
    issuer: 'https://accounts.google.com',
    tokenEndpoint: 'https://oauth2.googleapis.com/token',
    authorizationEndpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
    scope: 'https://mail.google.com/',
    hosts: ['smtp.gmail.com', 'smtp-relay.gmail.com'],
    parameters: { access_type: 'offline', prompt: 'consent' }, // Else there is no refresh token.
  }),
};

export const knownProviders: readonly string[] = Object.keys(KNOWN);

export interface ProviderChoice extends Endpoints {
  /** A name, or the URL of an issuer. */
  readonly provider: string;
  readonly tenant?: string | undefined;
}

/** What is given goes before what is known or found. @throws ProviderError */
export async function findProvider({ provider, tenant = ANY_TENANT, ...given }: ProviderChoice): Promise<Provider> {
  const isGiven = given.tokenEndpoint !== undefined;
  if (!Object.hasOwn(KNOWN, provider) && !isGiven && !URL.canParse(provider))
    throw new ProviderError(`is no provider that is known (${knownProviders.join(', ')}), and no URL of one`);
  const known = Object.hasOwn(KNOWN, provider) ? KNOWN[provider]?.(encodeURIComponent(tenant)) : undefined;
  const found = known ?? (isGiven ? { name: provider } : await discovered(provider));
  const named = Object.entries(given).filter(([, endpoint]) => endpoint !== undefined);
  for (const [, endpoint] of named) requireSafe(endpoint as string);
  return { ...found, ...(Object.fromEntries(named) as Endpoints) };
}

const DOCUMENTS = ['openid-configuration', 'oauth-authorization-server'] as const;

async function discovered(issuer: string): Promise<Provider> {
  const { origin, pathname } = requireSafe(issuer);
  const path = pathname.replace(/\/$/, '');
  const [openId, oauth] = DOCUMENTS;
  const found =
    (await metadataAt(`${origin}${path}/.well-known/${openId}`)) ??
    (await metadataAt(`${origin}/.well-known/${oauth}${path}`));
  if (found === undefined)
    throw new ProviderError('does not say where its endpoints are; give --token-endpoint', { isRefused: true });
  // RFC 8414 §3.3: another would speak for this one.
  if (found['issuer'] !== issuer && found['issuer'] !== `${issuer}/`)
    throw new ProviderError('says of itself that it is another; give its own URL', { isRefused: true });
  return {
    ...{ name: issuer, issuer: found['issuer'] },
    tokenEndpoint: endpointIn(found, 'token_endpoint'),
    authorizationEndpoint: endpointIn(found, 'authorization_endpoint'),
    deviceEndpoint: endpointIn(found, 'device_authorization_endpoint'),
  };
}

type Metadata = Readonly<Record<string, unknown>>;

async function metadataAt(url: string): Promise<Metadata | undefined> {
  const response = await request(url, { headers: { accept: 'application/json' } });
  if (response.status !== 200) return undefined;
  try {
    const found = await response.json();
    return typeof found === 'object' && found !== null ? (found as Metadata) : undefined;
  } catch {
    return undefined;
  }
}

function endpointIn(metadata: Metadata, name: string): string | undefined {
  const endpoint = metadata[name];
  return typeof endpoint === 'string' ? requireSafe(endpoint).href : undefined;
}
