import type * as pulumi from '@pulumi/pulumi';
import { UserError } from '../../engine/errors';
import type { Service } from '../services/service';
import type { DatabaseServer, Placed, Site } from '../targets/target';
import type { TierArgs } from './tier';

interface Options {
  readonly parent: pulumi.Resource;
  /** What every service waits for. */
  readonly dependsOn: pulumi.Resource;
}

/** Realises the database server; nothing else is there yet. */
export function placeDatabase(
  site: Site,
  args: TierArgs,
  opts: Pick<Options, 'parent'>,
): DatabaseServer {
  const volume = args.volumes.database;
  if (!volume) throw new Error('a deployment without a volume for its database');
  return site.database(
    {
      service: args.database,
      volume,
      password: args.databasePassword,
      pooler: args.services.some(({ name }) => name === 'pooler'),
      secret: args.secret(),
    },
    opts,
  );
}

/** Realises the services so that each starts after those that it needs are healthy; the database comes first. */
export function inOrder(
  site: Site,
  args: TierArgs,
  database: DatabaseServer,
  opts: Options,
): Placed[] {
  const placed = new Map<string, Placed>([['database', database.placed]]);
  const secret = args.secret(database);
  for (const service of sorted(args.services)) {
    const needed = service.needs.flatMap((need) => placed.get(need)?.resource ?? []);
    const options = { parent: opts.parent, dependsOn: [opts.dependsOn, ...needed] };
    const common = { secret, volumes: args.volumes, schemaVersion: args.schemaVersion };
    const made =
      service.kind === 'job'
        ? site.job({ service, ...common }, options)
        : site.workload({ service, ...common }, options);
    const after = { parent: opts.parent, dependsOn: [made.resource] };
    const complete = args.complete(made, database, after);
    placed.set(service.name, { ...made, ...(complete && { resource: complete }) });
  }
  return [...placed.values()];
}

/**
 * The services with each behind those that it needs.
 * Throws an error that names the services when they need each other, or one that is not there.
 */
export function sorted(services: readonly Service[]): Service[] {
  const result: Service[] = [];
  const done = new Set(['database']);
  let rest = [...services];
  while (rest.length) {
    const ready = rest.filter(({ needs }) => needs.every((need) => done.has(need)));
    if (!ready.length) {
      const stuck = rest.map(({ name, needs }) => `${name} needs ${needs.join(', ')}`);
      throw new UserError(
        `These services wait for each other or for one that is missing: ${stuck.join('; ')}`,
      );
    }
    for (const service of ready) done.add(service.name);
    result.push(...ready);
    rest = rest.filter((service) => !ready.includes(service));
  }
  return result;
}
