import type { Problem } from '../settings/errors';
import type { ServiceSettings, Settings } from '../settings/schema';
import { showKey } from '../settings/show';
import { custom } from './custom';
import { postgraphile } from './postgraphile';
import type { Service, Workload } from './service';

/** Every service that Strata brings, by the name under which the config may change it. */
const catalogue = {
  graphql: (settings: Settings) => postgraphile(settings.ports.graphql),
} satisfies Record<string, (settings: Settings) => Workload>;

type CatalogueName = keyof typeof catalogue;

const presets: Readonly<Partial<Record<Settings['preset'], readonly CatalogueName[]>>> = {
  minimal: ['graphql'],
};

/** The services of the settings: those of the preset as the config changes them, then the user's own. */
export function services(settings: Settings): Service[] {
  const chosen = (presets[settings.preset] ?? []).filter(
    (name) => settings.services[name]?.enabled !== false,
  );
  return [
    ...chosen.map((name) => adjust(catalogue[name](settings), settings.services[name])),
    ...Object.entries(settings.customServices).map(([name, given]) => custom(name, given)),
  ];
}

/** Variables by which a runtime or Strata is told what to load: they would make another program of a service. */
const loader = /^(NODE_|LD_|DYLD_|STRATA_)/;

/** Variables that the config would set although the service sets them itself. */
export function environmentProblems(settings: Settings): Problem[] {
  return Object.entries(settings.services).flatMap(([name, given]) => {
    const make = Object.entries(catalogue).find(([known]) => known === name)?.[1];
    const own = make ? ownVariables(make(settings)) : new Set();
    return Object.keys(given.env ?? {})
      .filter((variable) => own.has(variable) || loader.test(variable))
      .map((variable) => ({
        key: showKey(['services', name, 'env', variable]),
        reason: 'is set by the service itself',
        advice: 'Take it out; what it stands for has a setting of its own.',
      }));
  });
}

/** What a service sets itself, and what it is given by where it runs. */
function ownVariables({ environment, secrets }: Workload): Set<string> {
  const files = Object.keys(secrets).map((name) => `${name}_FILE`);
  return new Set([...Object.keys(environment), ...files, 'HOST', 'SCHEMA_VERSION']);
}

function adjust(service: Workload, given: ServiceSettings | undefined): Workload {
  if (!given) return service;
  return {
    ...service,
    environment: { ...given.env, ...service.environment },
    replicas: given.replicas ?? service.replicas,
    ...(given.image && { image: given.image }),
    ...(given.resources && { resources: given.resources }),
  };
}
