import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Model } from '../../components/tenancy/places';
import { createTenant, exclusively } from '../../provider/tenancy/lifecycle';
import type { Platform } from '../../provider/tenancy/provision';
import {
  findTenant,
  insertTenant,
  listTenants,
  type Registered,
} from '../../provider/tenancy/registry';
import type { Wanted } from '../../provider/tenancy/wanted';
import { startServer, type Server } from '../sql/support/server';
import { notesOf } from './support/caller';
import { deployCluster, planWith, platformOf } from './support/platform';

const models = ['shared', 'schema', 'database'] as const;

let server: Server;
let admin: Client;
let platform: Platform;

beforeAll(async () => {
  server = await startServer();
  const plan = planWith();
  await deployCluster(server, plan);
  platform = platformOf({ main: server }, plan);
  admin = await server.connect('postgres', 'strata');
  await admin.query(
    "insert into registry.shards (name, host, port) values ('west', 'west.test', 5432)",
  );
});

afterAll(() => server.stop());

let count = 0;
let slug: string;
beforeEach(() => {
  count += 1;
  slug = `tenant-${String(count)}`;
});

const wanted = (model: Model = 'shared', more: Partial<Wanted> = {}): Wanted => ({
  slug,
  name: 'A tenant',
  model,
  shard: 'main',
  members: [{ user: 'ann', role: 'admin' }],
  ...more,
});

const make = (model?: Model, more?: Partial<Wanted>): Promise<Registered> =>
  createTenant(platform, [], wanted(model, more));

describe('a tenant is made', () => {
  test.each(models)(
    'with model %s, and is active with what the registry says of it',
    async (model) => {
      const stored: string[] = [];
      const bucket = {
        name: 'bucket',
        provision: (tenant: { status: string }) => Promise.resolve(void stored.push(tenant.status)),
      };
      const limits = { statementTimeoutMs: 2500, storageBytes: 10, requestsPerMinute: 7 };
      const made = await createTenant(platform, [bucket], wanted(model, { limits }));
      expect(made).toEqual({
        id: expect.any(String) as string,
        slug,
        name: 'A tenant',
        model,
        shard: 'main',
        status: 'active',
        generation: 1,
        schemaVersion: model === 'shared' ? null : platform.plan.version,
        createdAt: expect.any(Date) as Date,
        movingTo: null,
        limits: { maxConnections: null, ...limits },
      });
      expect(stored).toEqual(['provisioning']);
      expect(await notesOf(server, made)).toEqual([]);
      expect(await findTenant(platform.clusters, made.id)).toEqual(made);
      expect((await listTenants(platform.clusters)).filter((one) => one.slug === slug)).toEqual([
        made,
      ]);
    },
  );

  test.each(models)(
    'where the %s was interrupted at any point, as often as need be',
    async (model) => {
      const failing = {
        name: 'bucket',
        provision: () => Promise.reject(new Error('the bucket is not there')),
      };
      await insertTenant(platform.clusters, wanted(model));
      const begun = await findTenant(platform.clusters, slug);
      await expect(createTenant(platform, [failing], wanted(model))).rejects.toThrow('bucket');
      expect((await findTenant(platform.clusters, slug)).status).toBe('provisioning');
      const made = await make(model);
      expect([made.id, made.status]).toEqual([begun.id, 'active']);
      await expect(make(model)).rejects.toThrow(`the slug ${slug} is taken`);
    },
  );

  test('again under the same id, when that was already done', async () => {
    const id = randomUUID();
    const made = await make('schema', { id });
    expect(made.id).toBe(id);
    expect(await make('schema', { id })).toEqual(made);
    await expect(make('schema', { id: randomUUID() })).rejects.toThrow('is taken');
  });

  test('once, when two ask at the same time', async () => {
    const asked = await Promise.allSettled([make('schema'), make('schema'), make('schema')]);
    expect(asked.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
  });
});

describe('a tenant is refused', () => {
  const refusal = (asked: Promise<unknown>): Promise<string> =>
    asked.then(
      () => 'made',
      (error: unknown) => (error as Error).message,
    );

  test('with everything that is wrong, at once', async () => {
    const reserved = /the slug "www" is not allowed: a name that is not reserved \(admin, .*\)/;
    const said = await refusal(
      make('shared', {
        slug: 'www',
        name: '\u001b[2J',
        shard: 'east',
        members: [
          { user: 'a\nb', role: 'member' },
          { user: 'bob', role: 'member' },
          { user: 'bob', role: 'member' },
        ],
        limits: { maxConnections: 0, storageBytes: 1.5 },
      }),
    );
    expect(said.replace(reserved, 'RESERVED').split('\n')).toEqual([
      'Tenant www is not made:',
      '  - RESERVED',
      '  - the name "\\u001b[2J" is not allowed: a name of 1 to 100 printable characters',
      '  - the member "a\\nb" is not allowed: 1 to 200 printable characters, no space around them',
      '  - "bob" is named twice among its members',
      '  - it has no admin, so nobody could manage it',
      '  - its model is shared: connections are limited where a tenant has a database of its own',
      '  - connections: 0 is not allowed: a whole number from 1 to 500, or "usual" for the platform\'s',
      '  - storage (bytes): 1.5 is not allowed: a whole number from 0 to 1125899906842624, or "usual" for the platform\'s',
      '  - there is no shard "east"; shards with room: main',
    ]);
    expect(await listTenants(platform.clusters)).not.toContainEqual(
      expect.objectContaining({ slug: 'www' }),
    );
  });

  test.each([
    "x'; drop schema registry cascade; --",
    '../../etc/passwd',
    'a b',
    'ACME',
    'acmé',
    'аcme',
    '-acme',
    '',
    'a'.repeat(64),
    '__proto__',
    't_0123',
  ])('as a hostile slug: %j', async (hostile) => {
    expect(await refusal(make('database', { slug: hostile }))).toMatch(
      /the slug .* is not allowed/,
    );
  });

  test('on a shard that nobody reaches, and on one that is full', async () => {
    expect(await refusal(make('shared', { shard: 'west' }))).toContain(
      'there is no shard "west"; shards with room: main',
    );
    await admin.query("update registry.shards set status = 'full' where name = 'main'");
    const said = await refusal(make());
    await admin.query("update registry.shards set status = 'open' where name = 'main'");
    expect(said).toContain('the shard main is full; shards with room: none');
  });

  test('half made with another model, in words that say how to go on', async () => {
    await insertTenant(platform.clusters, wanted('schema'));
    expect(await refusal(make('database'))).toContain(
      `${slug} is half made already, with model schema on shard main: go on with the same name, model, shard and members, or delete it`,
    );
  });

  test('half made for somebody else, who would be its admin too', async () => {
    const members = [{ user: 'mallory', role: 'admin' as const }];
    await insertTenant(platform.clusters, { ...wanted('schema'), members });
    expect(await refusal(make('schema'))).toContain(`${slug} is half made already`);
  });

  test('while something else is done to it', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const holding = exclusively(platform.clusters, slug, () => held);
    await expect
      .poll(
        async () =>
          (await admin.query("select from pg_locks where locktype = 'advisory'")).rowCount,
      )
      .toBe(1);
    const made = make();
    await expect
      .poll(
        async () =>
          (await admin.query("select from pg_locks where locktype = 'advisory' and not granted"))
            .rowCount,
      )
      .toBe(1);
    expect((await listTenants(platform.clusters)).some((one) => one.slug === slug)).toBe(false);
    release();
    await holding;
    expect((await made).status).toBe('active');
  });
});

test('an unknown tenant is told with the nearest', async () => {
  await make('shared', { slug: 'initech' });
  await expect(findTenant(platform.clusters, 'innitech')).rejects.toThrow(
    'Unknown tenant "innitech". Did you mean "initech"?',
  );
});
