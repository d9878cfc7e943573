import { root } from '../../engine/root';
import { gatewayInput } from '../services/catalogue';
import { memoryProblems } from '../services/database/memory';
import { optionalConnections } from '../services/database/optional';
import { gatewayProblems } from '../services/gateway/problems';
import { staticFiles } from '../services/gateway/static';
import type { Service } from '../services/service';
import type { CustomService } from '../settings/custom';
import type { Problem } from '../settings/errors';
import type { Settings } from '../settings/schema';
import { showKey } from '../settings/show';

/** What cannot run in containers, behind one gateway, beside a database of this memory. */
export function containerRefusals(settings: Settings, services: readonly Service[]): Problem[] {
  return [
    ...Object.entries(settings.customServices).flatMap(([name, given]) => custom(name, given)),
    ...partly(settings),
    ...memoryProblems(settings.database, optionalConnections(settings)),
    ...gatewayProblems(gatewayInput(settings), services),
    ...staticFiles(settings.gateway, root).problems,
  ];
}

/** A container is made from an image: a command alone is not enough, and a folder of this machine is not there. */
function custom(name: string, { image, build, workdir }: CustomService): Problem[] {
  return [
    ...(image === undefined && build === undefined
      ? [
          {
            key: showKey(['customServices', name]),
            reason: 'names neither an image nor a folder to build one from',
            advice: 'Add "image" or "build", or use target embedded, which runs commands.',
          },
        ]
      : []),
    ...(workdir === undefined
      ? []
      : [
          {
            key: showKey(['customServices', name, 'workdir']),
            reason: 'is a folder of this machine, which a container does not see',
            advice: 'Take it out; the image says where its command runs.',
          },
        ]),
  ];
}

/** What of a service can be said: several containers have one name, one there is once, and the guard is not left out. */
const sayable = {
  monitoring: { members: ['enabled'], others: 'monitoring' },
  backup: { members: ['enabled'], others: 'database.backup' },
  guard: { members: ['replicas', 'resources'], others: 'limits' },
} as const;

function partly({ services }: Settings): Problem[] {
  return (Object.keys(sayable) as (keyof typeof sayable)[]).flatMap((name) => {
    const members: readonly string[] = sayable[name].members;
    return Object.keys(services[name] ?? {})
      .filter((member) => !members.includes(member))
      .map((member) => ({
        key: showKey(['services', name, member]),
        reason: `cannot be chosen: of ${name} only ${members.map((known) => `"${known}"`).join(' and ')} can`,
        advice: `Take it out; strata:${sayable[name].others} has the settings that there are.`,
      }));
  });
}
