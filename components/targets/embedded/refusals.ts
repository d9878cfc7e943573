import { isDeepStrictEqual } from 'node:util';
import { optionsOf } from '../../services/presets';
import type { CustomService } from '../../settings/custom';
import type { Problem } from '../../settings/errors';
import { settingsSchema, type ServiceSettings, type Settings } from '../../settings/schema';
import { showKey } from '../../settings/show';

const advice = 'Take it out, or use target docker.';

/** Plain processes have no images, no limits, no copies of themselves and no gateway: asking for one is refused by name. */
export function refusals(settings: Settings): Problem[] {
  return [
    ...Object.entries(settings.services).flatMap(([name, asked]) =>
      problems(['services', name], common(asked)),
    ),
    ...Object.entries(settings.customServices).flatMap(([name, asked]) =>
      problems(['customServices', name], { ...common(asked), ...custom(asked) }),
    ),
    ...changedGroups(settings),
  ];
}

/** Member → what is wrong with it; `false` when nothing is. */
type Reasons = Readonly<Record<string, string | false>>;

type Asked = Pick<ServiceSettings, 'image' | 'replicas'> & {
  readonly resources?: object | undefined;
};

function common({ image, resources, replicas = 1 }: Asked): Reasons {
  return {
    image: image !== undefined && 'names an image, and target embedded runs commands',
    resources: resources !== undefined && 'limits what target embedded cannot limit',
    replicas: replicas > 1 && `is ${replicas}, and target embedded runs one of each`,
  };
}

function custom(asked: CustomService): Reasons {
  const containers = 'is for containers, which target embedded does not have';
  return {
    build: asked.build !== undefined && 'builds an image, and target embedded runs commands',
    command: asked.command === undefined && 'is missing, and target embedded runs nothing else',
    publish:
      asked.publish !== undefined && 'leads to a container, and target embedded listens on "port"',
    route: asked.route !== undefined && 'leads through the gateway, which target embedded lacks',
    redis: asked.redis && 'asks for the cache, which target embedded lacks',
    healthCommand: asked.healthCommand !== undefined && containers,
    user: asked.user !== undefined && containers,
    writableRoot: asked.writableRoot && containers,
  };
}

function problems(path: readonly string[], reasons: Reasons): Problem[] {
  return Object.entries(reasons).flatMap(([member, reason]) =>
    reason === false
      ? []
      : [
          {
            key: showKey([...path, member]),
            reason,
            advice: member === 'command' ? 'Give it one, or use target docker.' : advice,
          },
        ],
  );
}

/** What these say would be heard by nobody. */
const ofContainers = [
  'auth',
  'docker',
  'images',
  'gateway',
  'database',
  'limits',
  'redis',
  'storage',
  'functions',
  'hasura',
  'monitoring',
  'oauth',
] as const;

function changedGroups(settings: Settings): Problem[] {
  const defaults = settingsSchema.parse(optionsOf(settings.preset));
  return ofContainers
    .filter((name) => !isDeepStrictEqual(settings[name], defaults[name]))
    .map((name) => ({
      key: showKey([name]),
      reason: 'changes what target embedded does not have',
      advice,
    }));
}
