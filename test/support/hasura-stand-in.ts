import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { answerTo, type Command } from './hasura-commands';

/**
 * A stand-in for Hasura v2: its metadata API as upstream documents it and its server's source has it (envelope, resource
 * version at the top, 409 `conflict`, 400 `unexpected` with the inconsistent objects in `internal`), kept in memory. Tables
 * and columns that a database is said to have decide what is inconsistent. It answers no GraphQL.
 */
export class HasuraStandIn {
  metadata: unknown = { version: 3, sources: [] };
  version = 1;
  /** Called before each replacement; another writer, say. */
  beforeReplace: () => void = () => undefined;
  /** Called after each one that was kept. */
  afterReplace: () => void = () => undefined;
  /** What a proxy before it answers while it is not there. */
  proxied: number | undefined;

  private constructor(
    private readonly server: Server,
    readonly endpoint: string,
    readonly adminSecret: string,
    readonly columns: Readonly<Record<string, readonly string[]>>,
  ) {}

  static async start(
    adminSecret: string,
    columns: Readonly<Record<string, readonly string[]>>,
  ): Promise<HasuraStandIn> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const hasura = new HasuraStandIn(server, endpoint, adminSecret, columns);
    server.on('request', (request, response) => {
      void json(request).then((command) => {
        if (hasura.proxied !== undefined) {
          response.writeHead(hasura.proxied).end('<html>not now</html>');
          return;
        }
        const [status, body] =
          request.url === '/v1/metadata' && request.method === 'POST'
            ? hasura.answer(request.headers['x-hasura-admin-secret'], command as Command)
            : [404, { path: '$', error: 'resource does not exist', code: 'not-found' }];
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      });
    });
    return hasura;
  }

  /** As somebody else who writes, in the console. */
  change(metadata: unknown): void {
    this.metadata = metadata;
    this.version += 1;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private answer(secret: string | string[] | undefined, command: Command): Answer {
    if (secret !== this.adminSecret) {
      const error = 'invalid x-hasura-admin-secret/x-hasura-access-key';
      return [401, { path: '$', error, code: 'access-denied' }];
    }
    if (command.type === 'replace_metadata') this.beforeReplace();
    const { status, body, kept } = answerTo(command, this);
    if (kept !== undefined) {
      this.metadata = kept;
      this.version += 1;
      this.afterReplace();
    }
    return [status, body];
  }
}

type Answer = readonly [status: number, body: unknown];
