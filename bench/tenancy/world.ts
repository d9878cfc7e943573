import type { Client } from 'pg';
import { installPlatform } from '../../test/sql/support/platform';
import { startServer, type Server } from '../../test/sql/support/server';
import { installLoops } from './drivers';

/** A Postgres of its own with the platform's SQL in the database `strata`. */
export interface World {
  readonly server: Server;
  /** A superuser: it makes tables and fills them, and measures nothing. */
  readonly admin: Client;
  /** Kept connections of the login of API servers, as many as asked for; the first ones are always the same. */
  clients(count: number): Promise<Client[]>;
}

/** As a server has it whose tables are in memory; what was written is vacuumed, as everywhere. */
export const settings = { shared_buffers: '1GB', autovacuum: 'on' };

/** Gives a world to `work` and takes it down after it, whatever happens. */
export async function inWorld<T>(work: (world: World) => Promise<T>): Promise<T> {
  const server = await startServer({ extra: settings });
  try {
    const first = await server.connect('postgres', 'postgres');
    await first.query('create database strata');
    await installPlatform(server, 'strata');
    const admin = await server.connect('postgres', 'strata');
    await installLoops(admin);
    const kept: Client[] = [];
    return await work({
      server,
      admin,
      async clients(count) {
        while (kept.length < count) {
          kept.push(await server.connect('strata_authenticator', 'strata'));
        }
        return kept.slice(0, count);
      },
    });
  } finally {
    await server.stop();
  }
}
