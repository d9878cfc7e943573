import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { databaseAt } from '../../../provider/tenancy/clusters';
import type { Ends } from '../../../provider/database-move/ends';
import type { Tools } from '../../../provider/database-move/tools';
import { startServer, type Server } from '../../sql/support/server';

/** A Postgres with its own pg_dump and pg_restore, which the npm package does not bring: Debian's, of any major. */
export interface Kit {
  readonly bin: string;
  readonly tools: Tools;
}

const packages = '/usr/lib/postgresql';

/** Undefined where no such package is installed. */
export function findKit(): Kit | undefined {
  const majors = existsSync(packages) ? readdirSync(packages) : [];
  const major = majors.find((each) => existsSync(path.join(packages, each, 'bin/initdb')));
  if (major === undefined) return undefined;
  const bin = path.join(packages, major, 'bin');
  return { bin, tools: { dump: path.join(bin, 'pg_dump'), restore: path.join(bin, 'pg_restore') } };
}

/** A new server as a provider hands it over: the admin postgres is no superuser, and somebody else is. */
export async function managedServer(bin: string): Promise<Server> {
  const server = await startServer({ bin });
  const first = await server.connect('postgres', 'postgres');
  await first.query('create role helper superuser login');
  await first.end();
  const helper = await server.connect('helper', 'template1');
  await helper.query('alter role postgres rename to provider');
  await helper.query('create role postgres login createdb createrole');
  await helper.end();
  return server;
}

export function endsOf(source: Server, target: Server): Ends {
  return { source: source.url('postgres', 'postgres'), target: databaseAt(target.url('postgres', 'postgres'), 'postgres') };
}
