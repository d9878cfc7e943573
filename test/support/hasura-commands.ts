import type { HasuraMetadata, HasuraTable } from '../../components/tenancy/hasura-metadata';

export interface Command {
  readonly type: string;
  readonly version?: number;
  readonly resource_version?: number;
  readonly args: {
    readonly allow_inconsistent_metadata?: boolean;
    readonly metadata?: HasuraMetadata;
    readonly source?: string;
    readonly table?: Tracked['table'];
  };
}

interface Tracked {
  readonly table: { readonly schema: string; readonly name: string };
}

/** What a Hasura has when it is asked. */
interface Held {
  readonly metadata: unknown;
  readonly version: number;
  /** Table → its columns, of the database of the tenants. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** The metadata that is from now on. */
  readonly kept?: unknown;
}

/**
 * What Hasura v2's metadata API answers, as upstream documents it and its server's source has it: envelope, resource version
 * at the top, 409 `conflict`, 400 `unexpected` with the inconsistent objects in `internal`. For stand-ins.
 */
export function answerTo(command: Command, held: Held): Answer {
  if (command.type === 'export_metadata' && command.version === 2) {
    const { version, metadata } = held;
    return { status: 200, body: { resource_version: version, metadata } };
  }
  if (command.type === 'replace_metadata' && command.version === 2) return replace(command, held);
  if (command.type === 'pg_track_table') return track(command, held);
  const error = `unknown type ${command.type}`;
  return { status: 400, body: { path: '$', error, code: 'parse-failed' } };
}

/** What a service does that has Hasura serve its own tables. */
function track({ args }: Command, { metadata }: Held): Answer {
  const { source, table } = args;
  const given = metadata as HasuraMetadata;
  const found = given.sources.find(({ name }) => name === source);
  if (!found || !table) {
    const error = `source with name "${String(source)}" does not exist`;
    return { status: 400, body: { path: '$.args', error, code: 'not-exists' } };
  }
  const named = `${table.schema}.${table.name}`;
  // What is empty is not there.
  const { tables = [] } = found as { readonly tables?: readonly Tracked[] };
  if (tables.some((one) => `${one.table.schema}.${one.table.name}` === named)) {
    const error = `view/table already tracked: "${named}"`;
    return { status: 400, body: { path: '$.args', error, code: 'already-tracked' } };
  }
  const kept = given.sources.map((one) =>
    one === found ? { ...one, tables: [...tables, { table }] } : one,
  );
  return { status: 200, body: { message: 'success' }, kept: { ...given, sources: kept } };
}

function replace({ resource_version: read, args }: Command, held: Held): Answer {
  if (read !== undefined && read !== held.version) {
    const error = `metadata resource version referenced (${String(read)}) did not match current version`;
    return { status: 409, body: { path: '$', error, code: 'conflict' } };
  }
  const objects = inconsistent(args.metadata, held.columns);
  if (objects.length > 0 && args.allow_inconsistent_metadata !== true) {
    const error = 'cannot continue due to inconsistent metadata';
    const body = { internal: objects, path: '$.args', error, code: 'unexpected' };
    return { status: 400, body };
  }
  return {
    status: 200,
    body: { is_consistent: objects.length === 0, inconsistent_objects: objects },
    kept: withoutDefaults(args.metadata),
  };
}

function inconsistent(metadata: HasuraMetadata | undefined, columns: Held['columns']): object[] {
  // What other sources have, their own services have tracked.
  return (metadata?.sources ?? []).slice(0, 1).flatMap(({ name: source, tables }) =>
    (tables as readonly HasuraTable[]).flatMap((table) => {
      const { schema, name } = table.table;
      const known = columns[`${schema}.${name}`];
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
