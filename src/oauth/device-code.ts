/**
 * A login on another machine (RFC 8628): a person types a code into a page of the provider, and meanwhile the provider is asked again
 * and again, as seldom as it wants, whether that has been done.
 */
import { setTimeout } from 'node:timers/promises';
import type { TokenClient, Tokens } from '../store/relay-logins.js';
import type { Provider } from './providers.js';
import { ProviderError } from './provider-error.js';
import { answered, called } from './token-request.js';

export interface DeviceLogin {
  readonly provider: Provider;
  readonly client: TokenClient;
  /** A person is to open this page, and to type this code there. */
  readonly show: (url: string, code: string) => Promise<void>;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** RFC 8628 §3.2 and §3.5. */
const USUAL_INTERVAL_S = 5;
const SLOWER_S = 5;
/** Whatever the provider says: it is not pressed, nor waited for longer than a person sits there. */
const SHORTEST_INTERVAL_S = 1;
const LONGEST_INTERVAL_S = 300;
const LONGEST_LIFE_S = 30 * 60;
const SECOND_MS = 1_000;
const PENDING = 'authorization_pending';
const SLOW_DOWN = 'slow_down';

/** @throws ProviderError */
export async function logInByDevice({ provider, client, show, wait = setTimeout }: DeviceLogin): Promise<Tokens> {
  const device = await begin(provider, client);
  await show(device.verification_uri, device.user_code);
  const endMs = Date.now() + Math.min(device.expires_in, LONGEST_LIFE_S) * SECOND_MS;
  let intervalS = device.interval ?? USUAL_INTERVAL_S;
  while (Date.now() < endMs) {
    intervalS = Math.min(Math.max(intervalS, SHORTEST_INTERVAL_S), LONGEST_INTERVAL_S);
    await wait(intervalS * SECOND_MS);
    try {
      return await poll(client, device.device_code);
    } catch (error) {
      if (!(error instanceof ProviderError) || !isPassing(error)) throw error;
      if (error.code === SLOW_DOWN) intervalS += SLOWER_S;
      else if (error.code === undefined) intervalS *= 2; // It could not be asked.
    }
  }
  throw new ProviderError('was not told the code in time');
}

function begin({ deviceEndpoint }: Provider, client: TokenClient) {
  if (deviceEndpoint === undefined)
    throw new ProviderError('gives no code for another machine, as far as is known; log in without --device', {
      isRefused: true,
    });
  return called(client, async ({ library, server, client: who, authentication, options }) => {
    const as = { ...server, device_authorization_endpoint: deviceEndpoint };
    const parameters = client.scope === undefined ? {} : { scope: client.scope };
    const answer = library.deviceAuthorizationRequest(as, who, authentication, parameters, options);
    return library.processDeviceAuthorizationResponse(as, who, await answer);
  });
}

function poll(client: TokenClient, code: string): Promise<Tokens> {
  return answered(client, async ({ library, server, client: who, authentication, options }) => {
    const answer = library.deviceCodeGrantRequest(server, who, authentication, code, options);
    return library.processDeviceCodeResponse(server, who, await answer);
  });
}

function isPassing({ code, isRefused }: ProviderError): boolean {
  if (isRefused) return false;
  return code === PENDING || code === SLOW_DOWN || code === undefined;
}
