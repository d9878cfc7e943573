import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { databaseServer } from '../../components/services/database/server';
import type { LoginRole } from '../../components/services/service';
import { actor } from '../sql/support/actors';
import type { Server } from '../sql/support/server';
import { Containers } from '../support/containers';
import { noContainers } from '../support/docker-cli';
import { Clients, labImages, labSettings, makeRoles, poolerAlone } from '../support/database';
import { madeUpValues } from '../support/values';
import { Platform, type Started } from './functions/platform';

const missing = noContainers(labImages.postgres, labImages.pgbouncer);
const why = missing === undefined ? '' : ` (skipped: ${missing})`;

/** Three connections for everybody, so that callers take turns on them. */
const settings = labSettings({
  database: { memory: '2G', pools: { authenticator: 1, app: 3, hasura: 1, guard: 1 } },
});

describe.skipIf(missing)(`functions behind PgBouncer in transaction mode, with TLS${why}`, () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-functions-pooler-'));
  let containers: Containers;
  let clients: Clients;
  let platform: Platform;
  let http: Started;
  let worker: Started;

  beforeAll(async () => {
    const values = await madeUpValues(['database', 'pooler']);
    const authority = path.join(folder, 'authority.pem');
    writeFileSync(authority, values.authority.certificate);
    containers = await Containers.create('t-functions-', values);
    clients = new Clients(containers, values, authority);
    await containers.run(databaseServer(settings), { published: true });
    await clients.makeDatabase();
    const admin = await clients.connect('database', 'postgres');
    await makeRoles(admin, values);
    await admin.query(
      `alter role strata_dispatcher login password '${values({ passwordOf: 'strata_dispatcher' })}'`,
    );
    await containers.run(poolerAlone(settings), { published: true });
    const server = await asServer();
    const cluster = await server.connect('postgres', 'postgres');
    await cluster.query('drop database strata with (force)');
    platform = await Platform.start(server, 'strata');
    http = await platform.run('functions', { only: ['who', 'write'] });
    worker = await platform.run('functions-worker', { only: ['noted'] });
  });

  afterAll(async () => {
    await platform.stop();
    await containers.remove();
    rmSync(folder, { recursive: true });
  });

  /** The containers as tests of SQL see a server: `strata_app` comes through the pooler, everybody else directly. */
  async function asServer(): Promise<Server> {
    const roles = [
      'postgres',
      'strata_migrator',
      'strata_app',
      'strata_dispatcher',
    ] as const satisfies (LoginRole | 'postgres')[];
    const urls = new Map<string, string>();
    for (const role of roles) {
      const through = role === 'strata_app' ? 'pooler' : 'database';
      urls.set(role, await clients.url(through, role, { name: 'NAME' }));
    }
    const url = (login: string, name: string): string =>
      urls.get(login)?.replace('/NAME?', `/${name}?`) ?? '';
    return {
      // In the container's volume: nobody copies it.
      data: '',
      url,
      connect: (login, name) =>
        clients.connect('database', login as (typeof roles)[number], { name }),
      stop: () => clients.close(),
    };
  }

  test('callers who take turns on three connections are never taken for each other', async () => {
    const callers = (['ann', 'gus', 'bob'] as const).flatMap((who) =>
      Array<typeof who>(100).fill(who),
    );
    const answers = await Promise.all(
      callers.map(async (who) => {
        const headers = platform.bearer(platform.world[who]);
        const response = await fetch(`${http.url}/functions/who`, { headers });
        return ((await response.json()) as { seen: unknown }).seen;
      }),
    );
    expect(answers).toEqual(
      callers.map((who) => {
        const { id, tenant, role } = platform.world[who];
        return { tenant, user: id, role, notes: who === 'gus' ? 2 : 3 };
      }),
    );
  });

  test('an event is heard of past the pooler and handled through it', async () => {
    const client = await clients.connect('pooler', 'strata_app');
    await client.query(['begin', ...actor('ann by backend').setUp(platform.world)].join(';'));
    await client.query(
      "insert into app.notes (project_id, body) values ($1, 'through the pooler')",
      [platform.world.acme.project],
    );
    await client.query('commit');
    await worker.line(/"message":"handled"/);
    expect(worker.said('handled').map(({ body }) => body)).toEqual(['through the pooler']);
  });
});
