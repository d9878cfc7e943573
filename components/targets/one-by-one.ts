import type * as pulumi from '@pulumi/pulumi';
import { inOrder } from '../services/order';
import type { Job, Workload } from '../services/service';
import type {
  DatabaseArgs,
  DatabaseServer,
  Deployed,
  Deployment,
  Placed,
  ServerGroup,
  ServiceArgs,
} from './target';

/** A server on which every service is a resource of its own. */
export interface Site {
  database(args: DatabaseArgs, opts: pulumi.CustomResourceOptions): DatabaseServer;
  workload(args: ServiceArgs<Workload>, opts: pulumi.CustomResourceOptions): Placed;
  job(args: ServiceArgs<Job>, opts: pulumi.CustomResourceOptions): Placed;
}

/**
 * Deploys to one server that the engine's machine reaches: the database, what is to stand in it, then each service after
 * those that it needs are healthy.
 */
export function oneByOne(
  site: Site,
  deployment: Deployment,
  opts: { readonly parent: pulumi.Resource },
): Deployed {
  refuseSeveral(deployment.groups);
  const database = placeDatabase(site, deployment, opts);
  const schema = deployment.schema(database);
  const placed = new Map<string, Placed>([['database', database.placed]]);
  const secret = deployment.secret(database);
  const { services, volumes, schemaVersion } = deployment;
  for (const service of inOrder(services)) {
    const needed = service.needs.flatMap((need) => placed.get(need)?.resource ?? []);
    const options = { ...opts, dependsOn: [schema, ...needed] };
    const common = { secret, volumes, schemaVersion };
    const made =
      service.kind === 'job'
        ? site.job({ service, ...common }, options)
        : site.workload({ service, ...common }, options);
    const after = { ...opts, dependsOn: [made.resource] };
    const complete = deployment.complete(made, database, after);
    placed.set(service.name, { ...made, ...(complete && { resource: complete }) });
  }
  return { reach: database.reach, placed: [...placed.values()] };
}

function refuseSeveral(groups: readonly ServerGroup[]): void {
  const [only, ...others] = groups;
  if (!only || others.length > 0 || only.count !== 1) {
    throw new Error('a target with one server was given several: the settings refuse that');
  }
}

function placeDatabase(
  site: Site,
  { database, services, volumes, databasePassword, secret }: Deployment,
  opts: { readonly parent: pulumi.Resource },
): DatabaseServer {
  const volume = volumes.database;
  if (!volume) throw new Error('a deployment without a volume for its database');
  return site.database(
    {
      service: database,
      volume,
      password: databasePassword,
      pooler: services.some(({ name }) => name === 'pooler'),
      secret: secret(),
    },
    opts,
  );
}
