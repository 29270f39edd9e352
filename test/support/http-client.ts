/** HTTP as a program speaks it that may say anything: any Host, any Origin, no redirect followed, nothing kept. */
import { request as plainRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { request as tlsRequest } from 'node:https';

export interface Question {
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  /** JSON, or text as it is. */
  readonly body?: unknown;
  readonly isSecure?: boolean;
  readonly host?: string;
  readonly localAddress?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export function ask(
  port: number,
  { method = 'GET', path, headers = {}, body, ...where }: Question,
): Promise<HttpAnswer> {
  const { isSecure = false, host = '127.0.0.1', localAddress } = where;
  const type = typeof body === 'object' ? { 'content-type': 'application/json' } : {};
  const options = {
    host,
    port,
    method,
    path,
    headers: { ...type, ...headers },
    agent: false,
    ...(localAddress && { localAddress }),
  } as const;
  return new Promise((resolve, reject) => {
    const request = isSecure ? tlsRequest({ ...options, rejectUnauthorized: false }) : plainRequest(options);
    request.once('error', reject).once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (more: string) => (text += more));
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      response.once('error', reject);
    });
    request.end(typeof body === 'object' ? JSON.stringify(body) : body);
  });
}
