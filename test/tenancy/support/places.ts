import { once } from 'node:events';
import { connect as dial, createServer, type Socket } from 'node:net';
import {
  Places,
  type TenantDatabase,
} from '../../../components/services/images/shared/tenant-database/places';
import { platformDatabase } from '../../../components/tenancy/places';
import type { ApiWorld, Inhabitant } from './api-world';
import { master } from './platform';

export const mostPools = 4;

const open: Places[] = [];

/** As a service has them, as strata_authenticator. */
export function placesFor(
  world: ApiWorld,
  options: Partial<ConstructorParameters<typeof Places>[0]> = {},
): Places {
  const places = new Places({
    url: world.server.url('strata_authenticator', platformDatabase),
    pooled: false,
    master,
    name: 'test',
    max: 2,
    mostPools,
    statementMs: 10_000,
    warn: () => undefined,
    ...options,
  });
  open.push(places);
  return places;
}

/** One transaction as a service runs it. */
export async function inside<T>(
  { pool, settings }: TenantDatabase,
  { session }: Inhabitant,
  text: string,
): Promise<T[]> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const claims = {
      'https://hasura.io/jwt/claims': {
        'x-hasura-tenant-id': session.tenantId,
        'x-hasura-user-id': session.userId,
        'x-hasura-role': session.role,
      },
    };
    const all = { ...settings, 'request.jwt.claims': JSON.stringify(claims) };
    for (const entry of Object.entries(all))
      await client.query('select set_config($1, $2, true)', entry);
    const { rows } = await client.query(text);
    await client.query('commit');
    return rows as T[];
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

/** Ends all that `placesFor` made. */
export async function endPlaces(): Promise<void> {
  await Promise.all(open.splice(0).map((places) => places.end()));
}

export interface Shard {
  readonly port: number;
  /** How many there were so far. */
  readonly connections: () => number;
  /** Ends the next connections as soon as they come. */
  readonly refuse: (count: number) => void;
  readonly stop: () => Promise<void>;
}

/** Another address of the test's Postgres. */
export async function startShard(world: ApiWorld): Promise<Shard> {
  const { port, hostname } = new URL(world.server.url('strata_authenticator', platformDatabase));
  let connections = 0;
  let refusals = 0;
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    connections += 1;
    if (refusals > 0) {
      refusals -= 1;
      socket.resetAndDestroy();
      return;
    }
    const onward = dial(Number(port), hostname);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  return {
    port: address.port,
    connections: () => connections,
    refuse: (count) => (refusals = count),
    async stop() {
      await endPlaces();
      for (const socket of sockets) socket.destroy();
      const closed = once(listener, 'close');
      listener.close();
      await closed;
    },
  };
}
