import { presets } from '../services/presets';
import type { Problem } from './errors';
import { presetNames } from './names';
import type {
  CatalogueName,
  PresetName,
  SettingName,
  Settings,
  TargetName,
  TierName,
} from './schema';
import { oneOf, showKey, showText } from './show';

/** What runs so far. What is valid and not here is refused by name, never passed over. */
const builtTiers: Readonly<Record<TargetName, readonly TierName[]>> = {
  embedded: ['single'],
  docker: ['single'],
  aws: ['single', 'split', 'load-balanced'],
  kubernetes: [],
};

const builtTargets = ['embedded', 'docker', 'aws'] as const satisfies readonly TargetName[];

const inContainers = [
  'graphql',
  'hasura',
  'postgrest',
  'supabase-storage',
  'imgproxy',
  'realtime',
  'meta',
  'studio',
  'guard',
  'functions',
  'storage',
  'monitoring',
  'backup',
  'oauth',
  'hasura-auth',
  'gotrue',
  'sessions',
  'mailpit',
  'pgadmin',
  'admin',
] as const satisfies readonly CatalogueName[];

/** Which services of the catalogue each target can run so far. */
export const builtServices: Readonly<Record<TargetName, readonly CatalogueName[]>> = {
  embedded: ['graphql'],
  docker: inContainers,
  aws: inContainers,
  kubernetes: [],
};

/** What is known and will not be built: why, and what there is instead. */
const refused: Readonly<Partial<Record<CatalogueName, Pick<Problem, 'reason' | 'advice'>>>> = {
  'hasura-storage': {
    reason:
      "names a service that is refused: nothing but Hasura's permissions keeps tenants apart in it, and it opens anybody's files while it has Hasura's admin secret (docs/adr/0024-hasura-storage.md)",
    advice: `Take it out, and set "${showKey(['services', 'storage', 'enabled'])}: true", the platform's own.`,
  },
};

/** Services of a preset that the target does not have so far, but for those that the config leaves out. */
function lacking(preset: PresetName, { target, services }: Settings): CatalogueName[] {
  return presets[preset].services.filter(
    (name) => !builtServices[target].includes(name) && services[name]?.enabled !== false,
  );
}

/** Everything in `settings` that is not built yet; `readable` tells which of them may be looked at. */
export function notBuilt(settings: Settings, readable: (name: SettingName) => boolean): Problem[] {
  return [
    ...(readable('tier') && readable('target') ? tier(settings) : []),
    ...(readable('target') ? single('target', settings.target, builtTargets) : []),
    ...(readable('preset') && readable('target') ? preset(settings) : []),
    ...(readable('services') && readable('target') ? services(settings) : []),
  ];
}

function preset(settings: Settings): Problem[] {
  const { preset: chosen, target } = settings;
  const there = presetNames.filter((name) => lacking(name, settings).length === 0);
  if (there.length === 0 || there.includes(chosen)) return [];
  const missing = lacking(chosen, settings);
  return [
    {
      key: showKey(['preset']),
      reason: `names a preset that is not built yet for target ${target}, which lacks ${missing.join(', ')}`,
      received: showText(chosen),
      allowed: `so far ${oneOf(there)}`,
      advice: `Or leave out what is lacking: ${missing.map((name) => `"${showKey(['services', name, 'enabled'])}: false"`).join(', ')}.`,
    },
  ];
}

/** On a target that is not built itself, that is the thing to say. */
function tier({ tier: chosen, target }: Settings): Problem[] {
  const allowed = builtTiers[target];
  return allowed.length === 0 ? [] : single('tier', chosen, allowed, ` for target ${target}`);
}

function single(
  what: 'tier' | 'target',
  value: string,
  allowed: readonly string[],
  where = '',
): Problem[] {
  if (allowed.includes(value)) return [];
  return [
    {
      key: showKey([what]),
      reason: `names a ${what} that is not built yet${where}`,
      received: showText(value),
      allowed: `so far ${oneOf(allowed)}`,
    },
  ];
}

function services({ services: chosen, target }: Settings): Problem[] {
  const there = builtServices[target];
  // On a target that is not built itself, that is the thing to say.
  if (there.length === 0) return [];
  return Object.entries(chosen)
    .filter(([name, given]) => given.enabled !== false && !there.some((known) => known === name))
    .map(([name]) => ({
      key: showKey(['services', name]),
      reason: `names a service that target ${target} does not have yet`,
      allowed: `so far ${oneOf(there)}`,
      advice: 'Take it out of the settings.',
      ...refused[name as CatalogueName],
    }));
}
