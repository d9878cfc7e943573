import type { Problem } from './errors';
import type { SettingName, Settings } from './schema';
import { showKey, showText } from './show';

/** What no setting shows alone: settings that contradict each other; `readable` tells which may be looked at. */
export function conflicts(settings: Settings, readable: (name: SettingName) => boolean): Problem[] {
  if (!readable('target') || settings.target !== 'embedded') return [];
  return [
    ...(readable('ports') && readable('customServices') ? sharedPorts(settings) : []),
    ...(readable('domain') ? unreachable(settings) : []),
  ];
}

/** On one machine without containers, each port can be listened on once. */
function sharedPorts({ ports, customServices }: Settings): Problem[] {
  const wanted = [
    ...Object.entries(ports).map(([name, port]) => ({ path: ['ports', name], port })),
    ...Object.entries(customServices).flatMap(([name, { port }]) =>
      port === undefined ? [] : [{ path: ['customServices', name, 'port'], port }],
    ),
  ];
  const owners = new Map<number, string>();
  return wanted.flatMap(({ path, port }) => {
    const key = showKey(path);
    const owner = owners.get(port);
    owners.set(port, owner ?? key);
    if (owner === undefined) return [];
    const advice = 'Give each a port of its own.';
    return [{ key, reason: `is the port of ${owner} too`, received: String(port), advice }];
  });
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
