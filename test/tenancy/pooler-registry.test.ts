import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consoleUser } from '../../components/services/database/pooler';
import { tenantPassword } from '../../components/tenancy/login';
import { tenantRole } from '../../components/tenancy/places';
import { noPgbouncer } from './support/pooler';
import { databaseOf, patience, Scene, served, state } from './support/pooler-scene';
import { master } from './support/pooler-shard';

const why = noPgbouncer === undefined ? '' : ` (skipped: ${noPgbouncer})`;

describe.skipIf(noPgbouncer)(`the pooler that the registry of tenants drives${why}`, () => {
  let scene: Scene;
  let acme: string;
  let globex: string;

  beforeAll(async () => {
    scene = await Scene.start();
    acme = await scene.addServed();
  });

  afterAll(() => scene.stop());

  test('a new tenant is reached at once, and an open transaction of another one goes on', async () => {
    const client = await scene.pooler.connectTenant(acme);
    await client.query('begin');
    const before = await state(client);
    globex = await scene.addServed('east-1');
    expect(await state(client)).toEqual(before);
    await client.query('commit');
    expect(before).toMatchObject({ role: tenantRole(acme), database: databaseOf(acme) });
  });

  test('a tenant on another shard, and that shard for the platform, are reached there', async () => {
    const tenant = await scene.pooler.connectTenant(globex);
    const platform = await scene.pooler.connectPlatform('strata_authenticator', 'strata_east_1');
    const home = await scene.pooler.connectPlatform('strata_authenticator');
    const port = 'select inet_server_port() as port, current_database() as database';
    const found = [tenant, platform, home].map(
      async (client) => (await client.query<object>(port)).rows[0],
    );
    expect(await Promise.all(found)).toEqual([
      { port: scene.east.port, database: databaseOf(globex) },
      { port: scene.east.port, database: 'strata' },
      { port: scene.main.port, database: 'strata' },
    ]);
  });

  test.each([
    {
      who: 'a wrong password',
      attempt: () => scene.pooler.connect(tenantRole(acme), 'guessed', databaseOf(acme)),
      answer: /authentication failed/,
    },
    {
      who: "the password of another tenant's login",
      attempt: () =>
        scene.pooler.connect(tenantRole(acme), tenantPassword(master, globex, 1), databaseOf(acme)),
      answer: /authentication failed/,
    },
    {
      who: "the verifier that stands in the pooler's files",
      attempt: () =>
        scene.pooler.connect(tenantRole(acme), scene.verifierInFiles(acme), databaseOf(acme)),
      answer: /authentication failed/,
    },
    {
      who: "a tenant's login at the database of another tenant of the shard",
      attempt: () => served(scene.pooler.connectTenant(globex, { to: acme })),
      answer: /authentication failed|permission denied|does not exist/,
    },
    {
      who: "a tenant's login at the platform's database",
      attempt: () =>
        served(scene.pooler.connect(tenantRole(acme), tenantPassword(master, acme, 1), 'strata')),
      answer: /permission denied for database/,
    },
    {
      who: "a platform's login at the database of a tenant",
      attempt: () => served(scene.pooler.connectPlatform('strata_authenticator', databaseOf(acme))),
      answer: /permission denied for database/,
    },
    {
      who: "a tenant's login at the console",
      attempt: () =>
        scene.pooler.connect(tenantRole(acme), tenantPassword(master, acme, 1), 'pgbouncer'),
      answer: /not allowed|no such database|no such user/,
    },
    {
      who: "the console's user at a database",
      attempt: () => served(scene.pooler.connectPlatform(consoleUser)),
      answer: /authentication failed|does not exist/,
    },
    {
      who: 'a tenant that there is not',
      attempt: () => scene.pooler.connectTenant(randomUUID()),
      answer: /authentication failed|no such/,
    },
  ])('refused is $who', async ({ attempt, answer }) => {
    await expect(attempt()).rejects.toThrow(answer);
  });

  test('tenants on one cluster cannot enter each other', async () => {
    const other = await scene.addServed();
    await expect(served(scene.pooler.connectTenant(other, { to: acme }))).rejects.toThrow(
      /permission denied for database/,
    );
    // The attempts of a stranger take nothing from those who belong there.
    await scene.reachable(acme);
  });

  test('a tenant has as many connections as the registry says, however many clients it has', async () => {
    const busy = await scene.addServed('main', 2);
    const clients = await Promise.all(
      Array.from({ length: 6 }, () => scene.pooler.connectTenant(busy)),
    );
    const queries = clients.map((client) => client.query('select pg_sleep(0.5)'));
    await expect.poll(() => scene.main.sessions(tenantRole(busy)), patience).toBe(2);
    await Promise.all(queries);
    expect(await scene.main.sessions(tenantRole(busy))).toBe(2);
    await scene.change(busy, 'max_connections = 4');
    await expect
      .poll(async () => {
        await Promise.all(clients.map((client) => client.query('select pg_sleep(0.2)')));
        return scene.main.sessions(tenantRole(busy));
      }, patience)
      .toBe(4);
  });

  test('a suspended tenant is gone with its sessions, the others keep theirs, and it comes back', async () => {
    const [gone, stays] = [
      await scene.pooler.connectTenant(globex),
      await scene.pooler.connectTenant(acme),
    ];
    const ended = new Promise((resolve) => gone.once('end', resolve));
    await stays.query('begin');
    const before = await state(stays);
    await scene.change(globex, "status = 'suspended'");
    await ended;
    await expect(scene.pooler.connectTenant(globex)).rejects.toThrow(
      /no such|authentication failed/,
    );
    expect(await state(stays)).toEqual(before);
    await scene.change(globex, "status = 'active'");
    await scene.reachable(globex);
  });

  test('after a change of generation only the new password opens, and open sessions go on', async () => {
    const client = await scene.pooler.connectTenant(acme);
    await client.query('begin');
    const before = await state(client);
    await scene.main.setPassword(acme, 2);
    await scene.change(acme, 'generation = 2');
    await scene.reachable(acme, 2);
    await expect(scene.pooler.connectTenant(acme)).rejects.toThrow(/authentication failed/);
    expect(await state(client)).toEqual(before);
    // The pooler logs in anew with what a client proved since.
    await scene.main.admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where usename = $1',
      [tenantRole(acme)],
    );
    await scene.reachable(acme, 2);
  });

  test('a tenant that moves to another shard is served there by the sessions that it has', async () => {
    const mover = await scene.addServed();
    await scene.east.makeTenant(mover);
    const client = await scene.pooler.connectTenant(mover);
    const port = async () =>
      (await client.query<{ port: number }>('select inet_server_port() as port')).rows[0]?.port;
    expect(await port()).toBe(scene.main.port);
    await scene.change(mover, "shard = 'east-1'");
    await expect.poll(port, patience).toBe(scene.east.port);
  });

  test('a shard whose address is none is left out with its tenants, and the others are served', async () => {
    const attack = '127.0.0.1 port=1\n[pgbouncer]\nauth_type = any\n;';
    await scene.main.admin.query('insert into registry.shards values ($1, $2, 5432)', [
      'bad',
      attack,
    ]);
    const lost = await scene.add('bad');
    await scene.registry.line(/shard \\"bad\\" has no usable address/);
    await scene.addServed();
    await expect(scene.pooler.connectTenant(lost)).rejects.toThrow(/no such|authentication failed/);
    await expect(scene.pooler.connect('anybody', 'anything', 'strata')).rejects.toThrow(
      /authentication failed|no such user/,
    );
  });

  test('its files are for one user alone, and neither the master nor a password of a tenant is in them', async () => {
    // What was served before is taken away after the pooler has read the new ones.
    await expect.poll(() => readdirSync(scene.pooler.registry).length, patience).toBe(2);
    const files = readdirSync(scene.pooler.registry);
    const texts = files
      .map((name) => readFileSync(path.join(scene.pooler.registry, name), 'utf8'))
      .join();
    const modes = files.map(
      (name) => statSync(path.join(scene.pooler.registry, name)).mode & 0o777,
    );
    expect(new Set(modes)).toEqual(new Set([0o600]));
    const secrets = [master, tenantPassword(master, globex, 1), tenantPassword(master, acme, 2)];
    expect(secrets.filter((secret) => texts.includes(secret))).toEqual([]);
  });
});
