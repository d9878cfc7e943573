import type { ExtensionName, PresetName } from '../../settings/names';
import type { Settings } from '../../settings/schema';

interface Extension {
  /** A library that is loaded when Postgres starts: adding one restarts it. */
  readonly preload?: true;
  /**
   * Functions and views that Postgres would let everybody use and that tell of rows which nobody asked the policies
   * about: of statistics, of indexes, of others' statements.
   */
  readonly closed?: readonly string[];
}

/** Extensions that the image brings, by the name that `create extension` takes. */
const extensions = {
  pg_stat_statements: { preload: true, closed: ['pg_stat_statements', 'pg_stat_statements_info'] },
  pgcrypto: {},
  pg_trgm: {},
  unaccent: {},
  citext: {},
  btree_gist: {},
  // st_estimatedextent even runs as its owner; seen with PostGIS 3.3 (test/sql/extensions.test.ts).
  postgis: {
    closed: [
      'st_estimatedextent',
      '_postgis_stats',
      '_postgis_selectivity',
      '_postgis_join_selectivity',
      '_postgis_index_extent',
    ],
  },
} as const satisfies Record<string, Extension>;

type Known = keyof typeof extensions;

const everywhere: readonly Known[] = ['pg_stat_statements', 'pgcrypto'];
const search: readonly ExtensionName[] = ['pg_trgm', 'unaccent', 'citext'];

/** What presets have beyond these; a config adds to them. */
const presets: Readonly<Record<PresetName, readonly ExtensionName[]>> = {
  minimal: [],
  standard: search,
  nself: search,
  nextmavens: search,
  supabase: search,
  nestjs: [],
  flask: [],
};

/** Values of `shared_preload_libraries`. */
export function preloadLibraries(): string[] {
  return everywhere.filter((name) => 'preload' in extensions[name]);
}

/**
 * What the admin runs in every database with tables of tenants, at each deployment: what is there already stays. They
 * stand in a schema that no API shows and that is on nobody's search path: `ext.citext`.
 */
export function extensionStatements({
  preset,
  database,
}: Pick<Settings, 'preset' | 'database'>): string[] {
  const chosen = new Set<Known>([...everywhere, ...presets[preset], ...database.extensions]);
  return [
    'create schema if not exists ext;',
    'grant usage on schema ext to public;',
    ...[...chosen].flatMap((name) => [
      `create extension if not exists "${name}" with schema ext;`,
      ...closing(name),
    ]),
  ];
}

/** Another version may have them with other arguments. */
function closing(name: Known): string[] {
  const { closed = [] }: Extension = extensions[name];
  if (closed.length === 0) return [];
  const names = closed.map((each) => `'${each}'`).join(', ');
  return [
    `do $$
declare
  own regprocedure;
  shown regclass;
begin
  for own in select oid from pg_catalog.pg_proc where pronamespace = 'ext'::regnamespace and proname in (${names}) loop
    execute format('revoke all on function %s from public', own);
    execute format('alter function %s security invoker', own);
  end loop;
  for shown in select oid from pg_catalog.pg_class where relnamespace = 'ext'::regnamespace and relname in (${names}) loop
    execute format('revoke all on %s from public', shown);
  end loop;
exception when insufficient_privilege then
  -- A managed server gives what the extension made to nobody (docs/aws.md).
  raise notice 'what the extension ${name} shows stays open to every login';
end $$;`,
  ];
}
