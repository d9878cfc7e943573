import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import type { HasuraMetadata, HasuraTable } from '../../components/tenancy/hasura-metadata';

interface Command {
  readonly type: string;
  readonly version?: number;
  readonly resource_version?: number;
  readonly args: {
    readonly allow_inconsistent_metadata?: boolean;
    readonly metadata?: HasuraMetadata;
  };
}

type Answer = readonly [status: number, body: unknown];

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
    private readonly columns: Readonly<Record<string, readonly string[]>>,
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
    if (command.type === 'export_metadata' && command.version === 2) {
      return [200, { resource_version: this.version, metadata: this.metadata }];
    }
    if (command.type === 'replace_metadata' && command.version === 2) return this.replace(command);
    return [400, { path: '$', error: `unknown type ${command.type}`, code: 'parse-failed' }];
  }

  private replace({ resource_version: read = this.version, args }: Command): Answer {
    this.beforeReplace();
    if (read !== this.version) {
      const error = `metadata resource version referenced (${String(read)}) did not match current version`;
      return [409, { path: '$', error, code: 'conflict' }];
    }
    const inconsistent = this.inconsistent(args.metadata);
    if (inconsistent.length > 0 && args.allow_inconsistent_metadata !== true) {
      const error = 'cannot continue due to inconsistent metadata';
      return [400, { internal: inconsistent, path: '$.args', error, code: 'unexpected' }];
    }
    this.metadata = withoutDefaults(args.metadata);
    this.version += 1;
    this.afterReplace();
    return [200, { is_consistent: inconsistent.length === 0, inconsistent_objects: inconsistent }];
  }

  private inconsistent(metadata: HasuraMetadata | undefined): object[] {
    // What other sources have, their own services have tracked.
    return (metadata?.sources ?? []).slice(0, 1).flatMap(({ name: source, tables }) =>
      (tables as readonly HasuraTable[]).flatMap((table) => {
        const { schema, name } = table.table;
        const known = this.columns[`${schema}.${name}`];
        const what = { type: 'table', name: `table ${schema}.${name} in source ${source}` };
        if (!known) {
          const reason = `Inconsistent object: no such table/view exists in source: "${schema}.${name}"`;
          return [{ ...what, definition: name, reason }];
        }
        const named = [table.select_permissions, table.insert_permissions, table.update_permissions]
          .flat()
          .flatMap(({ permission }) => permission.columns ?? []);
        return [...new Set(named)]
          .filter((column) => !known.includes(column))
          .map((column) => ({
            ...what,
            definition: column,
            reason: `Inconsistent object: column "${column}" does not exist`,
          }));
      }),
    );
  }
}

/** Hasura answers with an order of its own, and without what is empty. */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .filter(([, inner]) => !(Array.isArray(inner) && inner.length === 0))
      .map(([key, inner]) => [key, withoutDefaults(inner)]),
  );
}
