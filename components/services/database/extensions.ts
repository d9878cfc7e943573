import type { PresetName } from '../../settings/names';

interface Extension {
  /** A library that is loaded when Postgres starts: adding one restarts it. */
  readonly preload?: true;
}

/** Extensions that the image brings, by the name that `create extension` takes. */
const extensions = {
  pg_stat_statements: { preload: true },
  pgcrypto: {},
  pg_trgm: {},
  unaccent: {},
  citext: {},
} as const satisfies Record<string, Extension>;

type ExtensionName = keyof typeof extensions;

const everywhere: readonly ExtensionName[] = ['pg_stat_statements', 'pgcrypto'];
const search: readonly ExtensionName[] = ['pg_trgm', 'unaccent', 'citext'];

/** What presets need beyond these (PostGIS, pg_net, pg_cron) comes with them. */
const presets: Readonly<Record<PresetName, readonly ExtensionName[]>> = {
  minimal: everywhere,
  standard: [...everywhere, ...search],
  nself: [...everywhere, ...search],
  nextmavens: [...everywhere, ...search],
  supabase: [...everywhere, ...search],
  nestjs: everywhere,
  flask: everywhere,
};

/** Values of `shared_preload_libraries`. */
export function preloadLibraries(preset: PresetName): string[] {
  return presets[preset].filter((name) => 'preload' in extensions[name]);
}

/**
 * What the admin runs in the platform's database, at each deployment: what is there already stays. They stand in a
 * schema that no API shows and that is on nobody's search path.
 */
export function extensionStatements(preset: PresetName): string[] {
  return [
    'create schema if not exists ext;',
    ...presets[preset].map((name) => `create extension if not exists "${name}" with schema ext;`),
  ];
}
