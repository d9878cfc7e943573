import { isOn } from '../services/presets';
import type { Problem } from './errors';
import type { SettingName, Settings, TargetName } from './schema';
import { showKey, showText } from './show';

/** What no setting shows alone: settings that contradict each other; `readable` tells which may be looked at. */
export function conflicts(settings: Settings, readable: (name: SettingName) => boolean): Problem[] {
  if (!readable('target')) return [];
  const ports = portsOf[settings.target]?.(settings) ?? [];
  return [
    ...sharedPorts(ports.filter(({ path: [setting] }) => readable(setting))),
    ...(settings.target === 'embedded' && readable('domain') ? unreachable(settings) : []),
    ...((['storage', 'services', 'preset'] as const).every(readable) ? unsearched(settings) : []),
    ...((['monitoring', 'services', 'preset'] as const).every(readable) ? unmailed(settings) : []),
  ];
}

interface Wanted {
  readonly path: readonly [SettingName, ...string[]];
  readonly port: number | undefined;
}

/** The ports of the machine that each target listens on. */
const portsOf: Partial<Record<TargetName, (settings: Settings) => Wanted[]>> = {
  embedded: ({ ports, customServices }) => [
    ...Object.entries(ports).map(([name, port]): Wanted => ({ path: ['ports', name], port })),
    ...ofEach(customServices, 'port'),
  ],
  docker: ({ gateway, docker, customServices, ...chosen }) => [
    { path: ['gateway', 'ports', 'http'], port: gateway.ports.http },
    { path: ['gateway', 'ports', 'https'], port: gateway.ports.https },
    ...Object.entries(gateway.ports.services).map(([name, port]): Wanted => ({
      path: ['gateway', 'ports', 'services', name],
      port,
    })),
    { path: ['docker', 'databasePort'], port: docker.databasePort },
    ...(isOn('hasura', chosen)
      ? [{ path: ['docker', 'hasuraPort'] as const, port: docker.hasuraPort }]
      : []),
    ...ofEach(customServices, 'publish'),
  ],
};

function ofEach(services: Settings['customServices'], member: 'port' | 'publish'): Wanted[] {
  return Object.entries(services).map(([name, given]) => ({
    path: ['customServices', name, member],
    port: given[member],
  }));
}

/** On one machine, each port can be listened on once. */
function sharedPorts(wanted: readonly Wanted[]): Problem[] {
  const owners = new Map<number, string>();
  return wanted.flatMap(({ path, port }) => {
    if (port === undefined) return [];
    const key = showKey(path);
    const owner = owners.get(port);
    owners.set(port, owner ?? key);
    if (owner === undefined) return [];
    const advice = 'Give each a port of its own.';
    return [{ key, reason: `is the port of ${owner} too`, received: String(port), advice }];
  });
}

/** Who asks for a search of uploads is not to believe that there is one. */
function unsearched(settings: Settings): Problem[] {
  if (settings.storage.scan === 'none' || !isOn('supabase-storage', settings)) return [];
  return [
    {
      key: showKey(['storage', 'scan']),
      reason: 'cannot be had with supabase-storage, which searches no upload',
      received: showText(settings.storage.scan),
      advice: `Set it to none, or take storage in the place of supabase-storage.`,
    },
  ];
}

/** Alertmanager writes by a server of the user's; alarms of AWS do not, where there is no Alertmanager. */
function unmailed(settings: Settings): Problem[] {
  const { receivers, smtp } = settings.monitoring;
  if (smtp !== undefined || !isOn('monitoring', settings)) return [];
  return Object.entries(receivers)
    .filter(([, { kind }]) => kind === 'mail')
    .map(([name]) => ({
      key: showKey(['monitoring', 'receivers', name]),
      reason: 'is reached by mail, but no mail server is given',
      advice: `Add "${showKey(['monitoring', 'smtp'])}" with host and from.`,
    }));
}

function unreachable({ domain }: Settings): Problem[] {
  if (domain === 'localhost') return [];
  return [
    {
      key: showKey(['domain']),
      reason: 'cannot be served by target embedded, which listens on this machine alone',
      received: showText(domain),
      allowed: 'localhost',
    },
  ];
}
