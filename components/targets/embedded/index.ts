import { Password } from '../../../provider/sdk';
import type { Settings } from '../../settings/schema';
import { oneByOne } from '../one-by-one';
import type { Target } from '../target';
import { database, volume } from './database';
import { job } from './job';
import { workload } from './workload';

/**
 * This machine's own processes, without any engine: a real Postgres and Node services for a first look and for tests.
 * Listens on the loopback address only. Costs about 300 MB of memory for the default services.
 */
export function embedded(settings: Settings): Target {
  return {
    name: 'embedded',
    reach: 'direct',
    password: (name, shape, opts) => new Password(name, shape, opts).result,
    volume,
    deploy: (deployment, opts) =>
      oneByOne(
        {
          database: (args, own) => database({ ...args, port: settings.ports.database }, own),
          workload,
          job,
        },
        deployment,
        opts,
      ),
  };
}
