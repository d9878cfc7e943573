import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrateTenants, showMigrationStatus } from '../../engine/commands/tenants-migrate';
import type { Terminal } from '../../engine/terminal';
import { placeOf, tenantRole } from '../../components/tenancy/places';
import { asMaintenance } from '../../provider/database/connect';
import { directives } from '../../provider/database/migration-file';
import { defaultStop } from '../../provider/tenancy/fan-out';
import { exclusively } from '../../provider/tenancy/lifecycle';
import { places, type PlacesInputs } from '../../provider/tenancy/places';
import type { Platform } from '../../provider/tenancy/provision';
import { findTenant, type Registered } from '../../provider/tenancy/registry';
import { contextFor } from '../support/local';
import { planWith } from './support/platform';
import {
  asAdmin,
  expectLedgerToBeTrue,
  settle,
  startWorld,
  type World,
} from './support/population';

let world: World;
let inputs: PlacesInputs;

beforeAll(async () => {
  world = await startWorld();
  await settle(world.platform, 'initech', 'schema', 'main');
  await settle(world.platform, 'wayne', 'database', 'east');
  inputs = inputsOf(world.platform, ['initech', 'wayne']);
});

afterAll(() => world.stop());

describe('strata:tenancy:Places', () => {
  test('brings every place up, tells of it, and shows none that is behind', async () => {
    const lines: string[] = [];
    const { id, state } = await places.create(inputs, contextFor('places', lines));
    expect({ id, places: state.places, behind: state.behind }).toEqual({
      id: 'places',
      places: 2,
      behind: 0,
    });
    expect(lines.map((line) => line.replace(/: \w+$/, ''))).toEqual([
      '1 of 2 tenants',
      '2 of 2 tenants',
    ]);
    expect(places.diff(state, inputs)).toEqual({});
    await expectLedgerToBeTrue(world.platform);
  });

  test('a new version, another tenant and a place that is behind are updates; a key that was made anew is none', () => {
    const state = { ...inputs, places: 2, behind: 0 };
    expect(places.diff(state, { ...inputs, version: 'other' })).toEqual({ version: 'update' });
    expect(places.diff(state, { ...inputs, tenants: ['initech'] })).toEqual({ tenants: 'update' });
    expect(places.diff({ ...state, behind: 1 }, inputs)).toEqual({ behind: 'update' });
    expect(places.diff(state, { ...inputs, clusters: { main: 'postgresql://elsewhere' } })).toEqual(
      {},
    );
  });

  test('tenants of the configuration that wait for a place get one, and those that cannot are named', async () => {
    await enter('hooli', 'database', 'provisioning');
    await enter('stark', 'schema', 'provisioning');
    inputs = inputsOf(world.platform, ['hooli', 'initech', 'stark', 'wayne']);
    const { state } = await places.create(inputs, contextFor('places'));
    expect(state).toMatchObject({ places: 4, behind: 0 });
    const statuses = ['hooli', 'initech', 'stark', 'wayne'].map(async (slug) => [
      slug,
      (await tenantOf(slug)).status,
    ]);
    expect(await Promise.all(statuses)).toEqual(
      ['hooli', 'initech', 'stark', 'wayne'].map((slug) => [slug, 'active']),
    );
    await asMaintenance(inputs.clusters.main ?? '', async (client) => {
      await client.query(
        "insert into registry.shards (name, host, port) values ('west', 'west.test', 5432)",
      );
    });
    await enter('lost', 'schema', 'provisioning', 'west');
    const withLost = { ...inputs, tenants: [...inputs.tenants, 'lost'] };
    await expect(places.create(withLost, contextFor('places'))).rejects.toThrow(
      'lost (schema, west): There is no shard "west"',
    );
    await leave('lost');
  });

  test('whom somebody else makes, and what an import has not finished, is left alone and no drift', async () => {
    await enter('joining', 'schema', 'provisioning');
    await enter('waiting', 'database', 'provisioning');
    await enter('returning', 'schema', 'importing');
    const named = { ...inputs, tenants: [...inputs.tenants, 'returning'] };
    const { state } = await exclusively(world.platform.clusters, 'joining', () =>
      places.create(named, contextFor('places')),
    );
    expect(state).toMatchObject({ places: 4, behind: 0 });
    const left: unknown[] = [];
    for (const slug of ['joining', 'waiting', 'returning']) {
      const { id, status } = await tenantOf(slug);
      left.push([slug, status, await hasPlace(id)]);
      await leave(slug);
    }
    expect(left).toEqual([
      ['joining', 'provisioning', false],
      ['waiting', 'provisioning', false],
      ['returning', 'importing', false],
    ]);
  });

  test('a tenant that fails is in the error, the others are done, and reading shows who is behind', async () => {
    const { plan } = extended(world.platform);
    const next = { ...inputs, plan, version: plan.version };
    const tenant = await tenantOf('wayne');
    await asAdmin(world, tenant, async (client) => {
      await client.query("insert into projects (name) values ('forbidden')");
    });
    const initial = { ...inputs, places: 4, behind: 0 };
    await expect(places.update?.('places', initial, next, contextFor('places'))).rejects.toThrow(
      /wayne \(database, east\): app\/100_names\.sql in app: check constraint "names" of relation "projects"/,
    );
    const read = await places.read(
      'places',
      { ...next, places: 4, behind: 0 },
      contextFor('places'),
    );
    expect(read?.behind).toBeGreaterThan(0);
  });
});

describe('the commands', () => {
  test('status names who is behind and why, and migrate brings them up', async () => {
    const { out, said } = terminal();
    const next = extended(world.platform);
    await showMigrationStatus(next, {}, out);
    expect(process.exitCode).toBe(1);
    process.exitCode = 0;
    expect(said.join('\n')).toMatch(/wayne +database +east +\w{16} +behind: 100_names/);
    expect(said.join('\n')).toContain('wayne: app/100_names.sql in app: check constraint "names"');
    const options = { workers: 2, stopAfter: defaultStop };
    await expect(migrateTenants(next, options, out)).rejects.toThrow('1 failed');
    await asMaintenance(
      world.servers.east.url(
        'strata_migrator',
        `t_${(await tenantOf('wayne')).id.replaceAll('-', '')}`,
      ),
      (client) => client.query('delete from app.projects'),
    );
    said.length = 0;
    await migrateTenants(next, options, out);
    expect(said).toEqual([
      expect.stringMatching(
        /^Up to date: 4 of the tenants with tables of their own; \d of them changed\.$/,
      ),
    ]);
    said.length = 0;
    await showMigrationStatus(next, { json: true }, out);
    expect(JSON.parse(said.join('\n'))).toMatchObject({ version: next.plan.version, behind: 0 });
    expect(process.exitCode).toBe(0);
  });
});

async function enter(slug: string, model: string, status: string, shard = 'main'): Promise<void> {
  await asMaintenance(inputs.clusters.main ?? '', (client) =>
    client.query(
      'insert into registry.tenants (slug, name, model, shard, status) values ($1, $1, $2, $3, $4)',
      [slug, model, shard, status],
    ),
  );
}

async function leave(slug: string): Promise<void> {
  await asMaintenance(inputs.clusters.main ?? '', (client) =>
    client.query('delete from registry.tenants where slug = $1', [slug]),
  );
}

/** Whether there is a role, schema or database of a tenant. */
async function hasPlace(id: string): Promise<boolean> {
  const admin = await world.servers.main.connect('postgres', 'strata');
  const { rows } = await admin.query<{ there: boolean }>(
    `select to_regrole($1) is not null or to_regnamespace($2) is not null
       or exists (select from pg_database where datname = $2) as there`,
    [tenantRole(id), placeOf(id, 'database').database],
  );
  await admin.end();
  return rows[0]?.there ?? false;
}

function inputsOf({ clusters, plan, master }: Platform, tenants: string[]): PlacesInputs {
  return {
    clusters: Object.fromEntries(clusters),
    cluster: 'test',
    master,
    version: plan.version,
    plan,
    tenants,
  };
}

function extended(platform: Platform): Platform {
  const sql = "alter table projects add constraint names check (name <> 'forbidden')";
  const file = { scope: 'app', name: '100_names', sql, ...directives(sql) } as const;
  return { ...platform, plan: planWith({ migrations: [...platform.plan.migrations, file] }) };
}

function tenantOf(slug: string): Promise<Registered> {
  return findTenant(world.platform.clusters, slug);
}

function terminal(): { out: Terminal; said: string[] } {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  return {
    said,
    out: { result: say, note: say, stream: say, colour: false, progress: process.stderr },
  };
}
