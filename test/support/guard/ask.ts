import http, { type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Question {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

/** Asks a port of this machine, with the path and the headers as they stand. */
export function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: Question = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, headers, agent: false };
    const request = http.request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Asks the door /check as nginx does. */
export function check(port: number, headers: OutgoingHttpHeaders): Promise<Answer> {
  return ask(port, '/check', {
    headers: {
      'x-original-method': 'GET',
      'x-original-uri': '/storage/a.txt',
      'x-original-host': 'api.example.org',
      'x-real-ip': '192.0.2.1',
      ...headers,
    },
  });
}

/** Sends a query as nginx passes it on. */
export function send(
  port: number,
  body: unknown,
  headers: OutgoingHttpHeaders,
  path = '/graphql',
): Promise<Answer> {
  return ask(port, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-real-ip': '192.0.2.1', ...headers },
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });
}

/** What a refusal says, at either door: the status and the code. */
export function refusalOf({ status, headers, body }: Answer): string {
  const { error, errors } = JSON.parse(body === '' ? '{}' : body) as {
    error?: { code: string };
    errors?: { extensions: { code: string } }[];
  };
  const code = error?.code ?? errors?.[0]?.extensions.code ?? '';
  return `${String(headers['x-strata-status'] ?? status)} ${code}`;
}
