import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { placeOf, type Model } from '../../components/tenancy/places';
import { withClient } from '../../provider/database/connect';
import { databaseAt } from '../../provider/tenancy/clusters';
import { query } from '../e2e/graphql';
import { startServer, type Server } from '../sql/support/server';
import { changesIn, sql, whyNoEngine, type Outputs } from '../support/engine';
import { Workspace } from '../support/workspace';

const reason = await whyNoEngine();

/** Tenants on the shard, by their slugs; vehement stays on the platform's own cluster. */
const there: Readonly<Record<string, Model>> = {
  hooli: 'shared',
  initech: 'schema',
  umbrella: 'database',
};
const slugs = ['vehement', ...Object.keys(there)];
const password = 'of the admin of the shard';

/** A row for each tenant whose place it is: a tenant that is elsewhere must not get one here. */
const eachGetsOne = `-- strata: as maintenance
insert into projects (tenant_id, name, priority)
select id, 'of the migration', 1 from registry.tenants;
`;

let workspace: Workspace;
let shard: Server;
let outputs: Outputs;

function config(): Record<string, unknown> {
  const members = { ann: 'admin' };
  const onShard = Object.entries(there).map(
    ([slug, model]) => [slug, { model, shard: 'east', members }] as const,
  );
  return {
    'strata:tenancy': {
      shards: {
        east: { host: 'localhost', port: Number(new URL(adminUrl()).port), url: 'east-admin' },
      },
      tenants: { vehement: { members }, ...Object.fromEntries(onShard) },
    },
  };
}

function adminUrl(): string {
  const url = new URL(shard.url('postgres', 'postgres'));
  url.password = encodeURIComponent(password);
  return url.href;
}

/** Writes the config, with the URL encrypted in it. */
async function configure(url = adminUrl()): Promise<void> {
  workspace.configure(config());
  const set = ['config', 'set', '--secret', '--path', 'strata:secrets.east-admin', url];
  await workspace.succeed('pulumi', '--', ...set, '--stack', 'local');
}

/** From here on nobody comes in without a password, so that a wrong one is noticed. */
async function askForPasswords(): Promise<void> {
  const admin = await shard.connect('postgres', 'postgres');
  await admin.query(`alter role postgres password '${password}'`);
  writeFileSync(path.join(shard.data, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n');
  await admin.query('select pg_reload_conf()');
}

async function ask(
  slug: string,
  text: string,
  variables: Record<string, unknown> = {},
): Promise<Record<string, unknown> | null> {
  const token = await workspace.succeed('token', '--tenant', slug, '--user', 'ann');
  const { data, errors, body } = await query(
    outputs.endpoints.graphql ?? '',
    token.trim(),
    text,
    variables,
  );
  expect(errors, body).toEqual([]);
  return data;
}

/** The names of projects in a table of the shard. */
function projectsThere(database: string, schema: string): Promise<string[]> {
  return onShard(database, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `select name from ${schema}.projects where name ~ '^made by' order by name`,
    );
    return rows.map(({ name }) => name);
  });
}

/** As the admin of the shard. */
function onShard<T>(database: string, work: (client: Client) => Promise<T>): Promise<T> {
  return withClient(databaseAt(adminUrl(), database), work);
}

describe.skipIf(reason)('a shard of the config', () => {
  beforeAll(async () => {
    workspace = await Workspace.create();
    shard = await startServer();
    await askForPasswords();
    await workspace.succeed('pulumi', '--', 'stack', 'init', 'local');
    await configure();
    await workspace.succeed('up');
    outputs = await workspace.outputs<Outputs>();
  });

  afterAll(async () => {
    await workspace.dispose();
    await shard.stop();
  });

  test('serves its tenants of each model, and each sees its own rows', async () => {
    const make =
      'mutation($project: ProjectInput!) { createProject(input: { project: $project }) { project { name } } }';
    for (const slug of slugs) await ask(slug, make, { project: { name: `made by ${slug}` } });
    for (const slug of slugs) {
      const seen = await ask(slug, '{ projects { nodes { name } } }');
      expect(seen).toEqual({ projects: { nodes: [{ name: `made by ${slug}` }] } });
    }
  });

  test('has their rows, and the platform’s own cluster has none of them', async () => {
    for (const [slug, model] of Object.entries(there)) {
      const [row] = await sql<{ id: string }>(
        outputs,
        `select id from registry.tenants where slug = '${slug}'`,
      );
      const { database, schema } = placeOf(row?.id ?? '', model, 'east');
      expect(await projectsThere(database, schema)).toEqual([`made by ${slug}`]);
    }
    const own = await sql<{ name: string }>(
      outputs,
      `select name from app.projects where name ~ '^made by'`,
    );
    expect(own).toEqual([{ name: 'made by vehement' }]);
  });

  test('is left alone by a deployment that changes nothing', async () => {
    expect(changesIn(await workspace.succeed('up'))).toEqual([]);
  });

  test('is audited by the registry of the platform: a database without a tenant is found there', async () => {
    const audit = () => workspace.run('audit', '--shard', 'east', '--json');
    expect(JSON.parse((await audit()).stdout)).toEqual([]);

    const orphan = `t_${'0'.repeat(32)}`;
    await onShard('postgres', (client) => client.query(`create database ${orphan}`));
    const { code, stdout } = await audit();
    await onShard('postgres', (client) => client.query(`drop database ${orphan}`));
    expect(code).toBe(1);
    const found = JSON.parse(stdout) as { check: number; id: string; object: string }[];
    expect(found.map(({ check, id, object }) => [check, id, object])).toContainEqual([
      15,
      'orphan',
      `database ${orphan}`,
    ]);
  });

  test('gets each migration, and so does each tenant there, one that changes rows among them', async () => {
    workspace.write('app/sql/003_priority.sql', 'alter table projects add priority integer;\n');
    workspace.write('app/sql/004_priorities.sql', eachGetsOne);
    const changes = changesIn(await workspace.succeed('up'));
    expect(changes).toEqual(
      expect.arrayContaining([
        'create app/003_priority',
        'create east/app/003_priority',
        'update places',
      ]),
    );
    for (const slug of slugs) {
      const seen = await ask(slug, '{ projects { nodes { name priority } } }');
      const { nodes } = seen?.projects as { nodes: { name: string }[] };
      expect(nodes.sort((one, other) => one.name.localeCompare(other.name))).toEqual([
        { name: `made by ${slug}`, priority: null },
        { name: 'of the migration', priority: 1 },
      ]);
    }
  });

  test('that has tenants is not taken out of the config', async () => {
    workspace.configure({});
    const { code, stdout, stderr } = await workspace.run('up');
    const text = stdout + stderr;
    expect(code, text).not.toBe(0);
    expect(text).toMatch(/tenant-hooli.*protect/s);
    expect(await projectsThere('strata', 'app')).toEqual(['made by hooli']);
    await configure();
  });

  test('whose admin does not come in fails the deployment without a word of the password', async () => {
    workspace.write('app/sql/005_colour.sql', 'alter table projects add colour text;\n');
    await configure(adminUrl().replace(/:[^:@]+@/, ':not-it@'));
    const { code, stdout, stderr } = await workspace.run('up');
    const text = stdout + stderr;
    expect(code, text).not.toBe(0);
    expect(text).toMatch(/password authentication failed/);
    expect(text).not.toContain('not-it');
    expect(text).not.toMatch(/^\s+at .+:\d+:\d+/m);
  });
});
