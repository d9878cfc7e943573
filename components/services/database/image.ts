import type { Settings } from '../../settings/schema';
import { image } from '../images';
import type { Workload } from '../service';

/**
 * Our own image: upstream's Postgres with pgBackRest and the extensions. An image that `strata:images.override` names
 * in its place must bring them.
 */
export function databaseImage(settings: Settings): Pick<Workload, 'image' | 'build'> {
  const overridden = settings.images.override.postgres;
  return overridden === undefined
    ? { build: { context: 'components/services/images/postgres' } }
    : { image: image(settings, 'postgres') };
}
