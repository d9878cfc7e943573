import type { Problem } from '../settings/errors';
import { showKey } from '../settings/show';
import { isAmongAll, mainShard, type Place } from './places';

/**
 * Why nobody could use a tenant at this place; undefined when somebody could. `apis` are those of a deployment in which
 * each looks into the shared tables alone; none where one serves every model, or where there is no API at all.
 */
export function unserved(
  apis: readonly string[],
  { model, shard }: Pick<Place, 'model' | 'shard'>,
): Omit<Problem, 'key'> | undefined {
  if (apis.length === 0 || isAmongAll({ model, shard })) return undefined;
  return {
    reason: `is a tenant whose tables ${apis.join(' and ')} cannot serve`,
    received: `model ${model} on shard ${shard}`,
    allowed: `model shared on shard ${mainShard}`,
    advice: `Add "${showKey(['services', 'graphql', 'enabled'])}: true", which serves every model, or give the tenant that place.`,
  };
}
