/**
 * HTTP as far as a provider needs it: one request, one answer that is short and comes in time, and no redirect is followed. In clear
 * only to this machine. Whatever else happens is a ProviderError.
 */
import { isLoopbackHost } from '../ip/address.js';
import { printableLine } from '../message/printable.js';
import { ProviderError } from './provider-error.js';

/** From the connection to the last octet of the answer; then the provider is as good as away. */
const ANSWER_DEADLINE_MS = 10_000;
/** More is no answer. Tokens have a few KiB. */
const ANSWER_LIMIT_BYTES = 256 * 1024;
/** Answers with these have no body (Fetch §2.2.3). */
const WITHOUT_BODY = new Set([204, 205, 304]);

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: URLSearchParams | undefined;
  readonly deadlineMs?: number;
}

/** The endpoint as it was given. @throws ProviderError for one that tokens may not go to */
export function requireSafe(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url));
  if (url === undefined || !isSafe || url.username !== '' || url.password !== '')
    throw new ProviderError(`cannot be asked${shown(endpoint)}: it takes a URL that begins with https://`, {
      isRefused: true,
    });
  return url;
}

export async function request(url: string, asked: HttpRequest): Promise<Response> {
  const { method = 'GET', headers = {}, body, deadlineMs = ANSWER_DEADLINE_MS } = asked;
  requireSafe(url);
  try {
    const signal = AbortSignal.timeout(deadlineMs);
    const answer = await fetch(url, { method, headers, redirect: 'manual', signal, ...(body && { body }) });
    const text = await textOf(answer);
    requireAnswer(answer.status);
    return new Response(WITHOUT_BODY.has(answer.status) ? null : text, {
      ...{ status: answer.status, headers: answer.headers },
    });
  } catch (error) {
    throw error instanceof ProviderError ? error : new ProviderError(reasonOf(error));
  }
}

/** What may hold a password is not repeated. */
function shown(endpoint: string): string {
  return endpoint.includes('@') ? '' : ` at ${printableLine(endpoint)}`;
}

function isLoopback({ hostname }: URL): boolean {
  return isLoopbackHost(hostname.replace(/^\[(.*)\]$/, '$1'));
}

async function textOf({ body }: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > ANSWER_LIMIT_BYTES) throw new ProviderError('answers with more than any answer has');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function requireAnswer(status: number): void {
  if (status >= 300 && status < 400) throw new ProviderError('leads to another address, which is not followed');
  if (status >= 500) throw new ProviderError(`answers with the status ${status}`);
}

function reasonOf(error: unknown): string {
  if ((error as Error).name === 'TimeoutError') return 'does not answer in time';
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  return `cannot be reached (${code ?? (error as Error).message})`;
}
