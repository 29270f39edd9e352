/** What calls answer with: JSON, and a refusal, which looks the same whoever makes it. */

/** Why a request is not done: its status, and a sentence that the client reads. */
export class HttpRefusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, sentence: string, headers: Readonly<Record<string, string>> = {}) {
    super(sentence);
    this.status = status;
    this.headers = headers;
  }
}

export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(value, { status, headers });
}

/** How every refusal looks, whoever makes it. */
export function refusalResponse({ status, message, headers }: HttpRefusal): Response {
  return json({ error: message }, status, headers);
}
