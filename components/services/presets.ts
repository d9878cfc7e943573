import type { CatalogueName, PresetName } from '../settings/names';
import type { Settings } from '../settings/schema';

/** What a config may start or leave out; the rest of the catalogue is there wherever there are containers. */
export type OptionalName = Exclude<CatalogueName, 'pooler' | 'redis' | 'guard' | 'gateway'>;

const operated = ['monitoring', 'backup', 'admin', 'mailpit'] as const;

/** Which services a deployment starts from. */
export const presets: Readonly<Record<PresetName, readonly OptionalName[]>> = {
  minimal: ['graphql'],
  standard: ['graphql', 'functions', 'storage', 'monitoring', 'backup'],
  nself: ['hasura', 'hasura-auth', 'sessions', 'storage', 'functions', ...operated],
  nextmavens: [
    'graphql',
    'postgrest',
    'gotrue',
    'sessions',
    'realtime',
    'storage',
    'functions',
    ...operated,
  ],
  supabase: [
    'postgrest',
    'gotrue',
    'sessions',
    'realtime',
    'supabase-storage',
    'imgproxy',
    'meta',
    'studio',
    'functions',
    ...operated,
  ],
  nestjs: ['monitoring', 'backup', 'admin'],
  flask: ['oauth', 'gotrue', 'sessions', 'storage', 'pgadmin', ...operated],
};

/** Whether the preset starts it, or what the config says instead. */
export function isOn(
  name: OptionalName,
  { preset, services }: Pick<Settings, 'preset' | 'services'>,
): boolean {
  return services[name]?.enabled ?? presets[preset].includes(name);
}
