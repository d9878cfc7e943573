import { applicationOf } from './plan';
import { environmentProblems } from './services/catalogue';
import type { Problem } from './settings/errors';
import type { Settings, TargetName } from './settings/schema';
import { refusals as docker } from './targets/docker/refusals';
import { refusals as embedded } from './targets/embedded/refusals';

/** What each target cannot do of what settings ask. */
const ofTarget: Partial<Record<TargetName, (settings: Settings) => Problem[]>> = {
  docker,
  embedded,
};

/** What cannot be deployed of well-formed settings: what the target or a service does not take. */
export function refusals(settings: Settings): Problem[] {
  return [
    ...(ofTarget[settings.target]?.(settings) ?? []),
    ...environmentProblems(applicationOf(settings)),
  ];
}
