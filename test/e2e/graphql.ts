import { request } from 'node:http';

/** A GraphQL answer, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly data: Record<string, unknown> | null;
  readonly errors: readonly { readonly message: string }[];
}

/** Sends one request; `headers` replaces or adds to the usual ones. */
export function send(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string | string[]>>,
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          resolve(answer(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')));
        });
      },
    );
    call.on('error', reject);
    call.end(text);
  });
}

/** Sends a query with an access token. */
export function query(
  url: string,
  token: string,
  text: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<Answer> {
  return send(url, { query: text, variables }, { authorization: `Bearer ${token}` });
}

function answer(status: number, body: string): Answer {
  const parsed = parse(body);
  return { status, body, data: parsed.data ?? null, errors: parsed.errors ?? [] };
}

function parse(body: string): { data?: Record<string, unknown>; errors?: { message: string }[] } {
  try {
    return JSON.parse(body) as ReturnType<typeof parse>;
  } catch {
    return {};
  }
}
