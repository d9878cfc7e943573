import type { Problem } from '../../settings/errors';
import type { ServiceSettings, Settings } from '../../settings/schema';
import { showKey } from '../../settings/show';

type Asked = Pick<ServiceSettings, 'image' | 'replicas'> & {
  readonly resources?: object | undefined;
};

/** Plain processes have no images, no limits and no copies of themselves: asking for one is refused by name. */
export function refusals(settings: Settings): Problem[] {
  return [
    ...Object.entries(settings.services).flatMap(([name, asked]) =>
      problems(['services', name], asked),
    ),
    ...Object.entries(settings.customServices).flatMap(([name, asked]) =>
      problems(['customServices', name], asked),
    ),
  ];
}

function problems(path: readonly string[], { image, replicas, resources }: Asked): Problem[] {
  const problem = (member: string, reason: string, advice: string): Problem => ({
    key: showKey([...path, member]),
    reason,
    advice,
  });
  return [
    ...(image === undefined
      ? []
      : [
          problem(
            'image',
            'names an image, and target embedded runs commands',
            'Take it out, or use target docker.',
          ),
        ]),
    ...(resources === undefined
      ? []
      : [
          problem(
            'resources',
            'limits what target embedded cannot limit',
            'Take it out, or use target docker.',
          ),
        ]),
    ...(replicas === undefined || replicas === 1
      ? []
      : [
          problem(
            'replicas',
            `is ${replicas}, and target embedded runs one of each`,
            'Take it out, or use target docker.',
          ),
        ]),
  ];
}
