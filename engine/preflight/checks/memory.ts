import { type Check, ok, wrong } from '../check';

const name = 'database';

/** Postgres' memory holds all connections of all pools at once. */
export const memory: Check = {
  name,
  permissions: [],
  run({ database: { connections, memory: given, worst } }) {
    const finding =
      worst === undefined
        ? wrong(
            name,
            `${given} MiB cannot hold ${connections} connections`,
            'Give it more memory (strata:database.memory), or make its pools smaller (strata:database.pools).',
          )
        : ok(name, `${connections} connections at most take ${worst} of ${given} MiB`);
    return Promise.resolve([finding]);
  },
};
