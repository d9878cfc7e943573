import { presetNames, type CatalogueName, type PresetName } from '../settings/names';
import type { GivenSettings, Settings } from '../settings/schema';

/** What a config may start or leave out; the rest of the catalogue is there wherever there are containers. */
export type OptionalName = Exclude<CatalogueName, 'pooler' | 'redis' | 'guard' | 'gateway'>;

/** What a deployment starts from. */
interface Preset {
  readonly services: readonly OptionalName[];
  /**
   * Settings that differ from the usual defaults; what the config says of one goes over it. Pulumi hands over the values
   * of Pulumi.yaml as the config's own, so these are settings that it leaves out or empty.
   */
  readonly options?: Omit<GivenSettings, 'preset' | 'services'>;
}

const operated = ['monitoring', 'backup', 'admin', 'mailpit'] as const;

export const presets: Readonly<Record<PresetName, Preset>> = {
  minimal: { services: ['graphql'] },
  standard: { services: ['graphql', 'functions', 'storage', 'monitoring', 'backup'] },
  nself: {
    services: ['hasura', 'hasura-auth', 'sessions', 'storage', 'functions', ...operated],
  },
  nextmavens: {
    services: [
      'graphql',
      'postgrest',
      'gotrue',
      'sessions',
      'realtime',
      'storage',
      'functions',
      ...operated,
    ],
  },
  supabase: {
    services: [
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
  },
  nestjs: { services: ['monitoring', 'backup', 'admin'] },
  flask: {
    services: ['oauth', 'gotrue', 'sessions', 'storage', 'pgadmin', ...operated],
    // `frontend` is the name that a custom service is to have.
    options: { gateway: { ports: { services: { gateway: 8080, frontend: 8000, pgadmin: 5050 } } } },
  },
};

/** The options of what a config gives as its preset; none when it is no preset. */
export function optionsOf(given: unknown): NonNullable<Preset['options']> {
  const preset = presetNames.find((name) => name === given);
  return (preset && presets[preset].options) ?? {};
}

/** Whether the preset starts it, or what the config says instead. */
export function isOn(
  name: OptionalName,
  { preset, services }: Pick<Settings, 'preset' | 'services'>,
): boolean {
  return services[name]?.enabled ?? presets[preset].services.includes(name);
}
