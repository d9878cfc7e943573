import type * as pulumi from '@pulumi/pulumi';
import { DatabaseServer as Server } from '../../../provider/sdk';
import { databaseUrl } from '../../data/urls';
import { extensionStatements } from '../../services/database/extensions';
import { databaseMajorCheck } from '../../services/database/major';
import { inside, pooled, loopback } from '../addresses';
import type { Address, DatabaseArgs, DatabaseServer } from '../target';
import { container } from './container';
import { serviceFiles } from './files';
import { image } from './image';
import { job } from './job';
import { isRemote } from './reach';
import type { Engine } from './site';
import { readiness } from './workload';

const admin = 'postgres';

/** Postgres in a container; only the engine's own machine reaches it, on its loopback address. */
export function database(
  engine: Engine,
  { service, volume, password, pooler, secret }: DatabaseArgs,
  opts: pulumi.CustomResourceOptions,
): DatabaseServer {
  const { databasePort } = engine.settings.docker;
  // A container of another major is refused while the one that works still runs.
  const checked = job(
    engine,
    { service: databaseMajorCheck(engine.settings), secret, volumes: { database: volume } },
    opts,
  );
  const after = { ...opts, dependsOn: checked.resource };
  const files = serviceFiles(engine, service, secret, opts);
  const postgres = image(engine, service, opts);
  const made = container(
    engine,
    service,
    1,
    {
      image: postgres,
      files: files.volume,
      environment: { ...service.environment, ...files.environment },
      volumes: { database: volume },
      published: [{ external: databasePort, internal: 5432, ip: loopback }],
    },
    after,
  );
  const ready = readiness(engine, service, 1, made, opts);
  const reach: Address = {
    host: loopback,
    port: databasePort,
    parameters: { sslmode: 'require', ...(isRemote(engine.host) && { reach: engine.host }) },
  };
  const server = new Server(
    'cluster',
    {
      url: databaseUrl(reach, admin, password),
      setup: extensionStatements(engine.settings),
      volume: volume.location,
      instance: made.id,
    },
    { ...opts, dependsOn: ready },
  );
  return {
    volume,
    reach,
    inside,
    pooled: pooler ? pooled : inside,
    admin,
    cluster: server.systemIdentifier,
    placed: {
      name: 'database',
      kind: 'database',
      resource: server,
      where: 'a container',
      endpoints: {},
    },
  };
}
