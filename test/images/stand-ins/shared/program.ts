import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { Client } from 'pg';

/** A request as a stand-in got it. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export type Answer = readonly [
  status: number,
  body: unknown,
  headers?: Readonly<Record<string, string>>,
];

type Variables = Readonly<Record<string, string | undefined>>;

/** A variable that upstream's program does not start without. */
export function demand(name: string, variables: Variables = process.env): string {
  const value = variables[name];
  if (value === undefined || value === '') fail(`${name} is not set`);
  return value;
}

/** Ends the program, as upstream's does when it cannot start. */
export function fail(why: string): never {
  process.stderr.write(`${JSON.stringify({ level: 'error', type: 'startup', detail: why })}\n`);
  process.exit(1);
}

/** Ends the program as a check of health does: 0 where the address answers 2xx. */
export function endByHealth(url: string): void {
  fetch(url).then(
    ({ ok }) => process.exit(ok ? 0 : 1),
    () => process.exit(1),
  );
}

/** Answers at a port of every address until it is stopped; an object is sent as JSON. */
export function serve(port: number, answer: (asked: Asked) => Promise<Answer> | Answer): void {
  const server = createServer((request, response) => {
    void respond(request, answer).then(([status, body, headers]) => {
      const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body);
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(bytes);
    });
  });
  server.listen(port, '0.0.0.0');
  process.on('SIGTERM', () => server.close(() => process.exit()));
}

async function respond(
  request: IncomingMessage,
  answer: (asked: Asked) => Promise<Answer> | Answer,
): Promise<Answer> {
  try {
    return await answer({
      method: request.method ?? '',
      url: new URL(request.url ?? '/', 'http://stand-in'),
      headers: request.headers,
      body: await buffer(request),
    });
  } catch (error) {
    process.stderr.write(`${String(error)}\n`);
    return [500, { message: String(error) }];
  }
}

/** The text behind `Bearer `. */
export function bearer({ headers }: Pick<Asked, 'headers'>): string {
  return /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
}

/** A connection of its own for one piece of work. */
export async function withClient<T>(
  given: string | ConstructorParameters<typeof Client>[0],
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client(typeof given === 'string' ? { connectionString: given } : given);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
