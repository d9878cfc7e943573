import { root } from '../../../engine/root';
import { gatewayInput } from '../../services/catalogue';
import { memoryProblems } from '../../services/database/memory';
import { gatewayProblems } from '../../services/gateway/problems';
import { staticFiles } from '../../services/gateway/static';
import type { Service } from '../../services/service';
import type { CustomService } from '../../settings/custom';
import type { Problem } from '../../settings/errors';
import type { Settings } from '../../settings/schema';
import { showKey } from '../../settings/show';

/** What cannot run in containers, behind one gateway, beside a database of this memory. */
export function refusals(settings: Settings, services: readonly Service[]): Problem[] {
  return [
    ...Object.entries(settings.customServices).flatMap(([name, given]) => custom(name, given)),
    ...groups(settings),
    ...memoryProblems(settings.database),
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

/** Several containers under one name, and one that there is once: only whether they run can be said of them. */
function groups({ services }: Settings): Problem[] {
  return (['monitoring', 'backup'] as const).flatMap((name) =>
    Object.keys(services[name] ?? {})
      .filter((member) => member !== 'enabled')
      .map((member) => ({
        key: showKey(['services', name, member]),
        reason: `cannot be chosen: of ${name} only "enabled" can`,
        advice: `Take it out; strata:${name === 'backup' ? 'database.backup' : name} has the settings that there are.`,
      })),
  );
}
