import type { Problem } from '../../settings/errors';
import type { Settings } from '../../settings/schema';
import { showKey } from '../../settings/show';

/** A container is made from an image: a command alone is not enough, and a folder of this machine is not there. */
export function refusals({ customServices }: Settings): Problem[] {
  return Object.entries(customServices).flatMap(([name, { image, build, workdir }]) => [
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
  ]);
}
