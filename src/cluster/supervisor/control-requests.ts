/**
 * What may be asked of the supervisor on its control socket, as one table: to add a request, its result in control-messages.ts,
 * its row here, and how long it may take in control-client.ts. A request is `{"request":"status"}` and a line's end; it is
 * answered with a result or an error.
 */
import type { Configuration } from '../../config/configuration.js';
import {
  RequestError,
  type ControlAnswer,
  type ControlResults,
  type OutboundConfiguration,
} from '../control/control-messages.js';
import { statusOf, type RequestSources } from './server-health.js';

export type ControlRequests = { readonly [Name in keyof ControlResults]: () => Promise<ControlResults[Name]> };

export function controlRequests(sources: RequestSources): ControlRequests {
  const status = shared(() => statusOf(sources));
  return {
    status,
    health: async () => {
      const { state, problems } = await status();
      return { healthy: problems.length === 0, state, problems };
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- as the others
    outbound: async () => outboundOf(sources.configuration()),
    reload: async () => {
      await sources.reloads.ask();
      return { reloaded: true };
    },
  };
}

function outboundOf(configuration: Configuration): OutboundConfiguration {
  const { outbound, relay, relayPasswordFile, maxRecipientsPerHour, maxRecipientsPerDay } = configuration;
  const { queueLifetime, delayWarning, devicePort } = configuration;
  return {
    ...{ outbound, relay, relayPasswordFile, maxRecipientsPerHour, maxRecipientsPerDay },
    ...{ queueLifetime, delayWarning, devicePort },
  };
}

/** The answer to one line. `bug` is told what no request should meet. */
export async function answerTo(
  line: string,
  requests: ControlRequests,
  bug: (error: unknown) => void,
): Promise<string> {
  const name = nameIn(line);
  if (name === undefined)
    return errorLine(`a request is a line of JSON such as ${JSON.stringify({ request: 'status' })}`);
  if (!isKnown(name, requests)) return errorLine(`no such request; there are ${Object.keys(requests).join(', ')}`);
  try {
    return written({ result: await requests[name]() });
  } catch (error) {
    if (error instanceof RequestError) return errorLine(error.message);
    bug(error);
    return errorLine("a bug failed the request; the server's log has the rest");
  }
}

export function errorLine(error: string): string {
  return written({ error });
}

function written(answer: ControlAnswer<unknown>): string {
  return `${JSON.stringify(answer)}\n`;
}

function nameIn(line: string): string | undefined {
  try {
    const { request } = JSON.parse(line) as { readonly request?: unknown };
    return typeof request === 'string' ? request : undefined;
  } catch {
    return undefined; // No JSON, or null.
  }
}

function isKnown(name: string, requests: ControlRequests): name is keyof ControlResults {
  return Object.hasOwn(requests, name);
}

/** Whoever asks while an answer is being gathered gets that one. */
function shared<T>(gather: () => Promise<T>): () => Promise<T> {
  let gathering: Promise<T> | undefined;
  return () => (gathering ??= gather().finally(() => (gathering = undefined)));
}
