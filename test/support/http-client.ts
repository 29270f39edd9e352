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
  /** Of what is answered; UTF-8 unless told. */
  readonly encoding?: BufferEncoding;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export function ask(
  port: number,
  { method = 'GET', path, headers = {}, body, encoding = 'utf8', ...where }: Question,
): Promise<HttpAnswer> {
  const { isSecure = false, host = '127.0.0.1', localAddress } = where;
  const type = typeof body === 'object' ? { 'content-type': 'application/json' } : {};
  const text = typeof body === 'object' ? JSON.stringify(body) : (body as string | undefined);
  // Not by itself, with DELETE.
  const isCounted = text !== undefined && !('transfer-encoding' in headers);
  const length = isCounted ? { 'content-length': Buffer.byteLength(text) } : {};
  const options = {
    host,
    port,
    method,
    path,
    headers: { ...type, ...length, ...headers },
    agent: false,
    ...(localAddress && { localAddress }),
  } as const;
  return new Promise((resolve, reject) => {
    const request = isSecure ? tlsRequest({ ...options, rejectUnauthorized: false }) : plainRequest(options);
    request.once('error', reject).once('response', (response) => {
      let received = '';
      response.setEncoding(encoding).on('data', (more: string) => (received += more));
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: received }),
      );
      response.once('error', reject);
    });
    request.end(text);
  });
}
