import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changesIn, ledger, notes, sql, whyNoEngine, type Outputs } from '../support/engine';
import { Workspace, type Ran } from '../support/workspace';

const reason = await whyNoEngine();

const tenants = {
  acme: { members: { ann: 'admin', bob: 'member' } },
  globex: { members: { gus: 'admin', hal: 'member' } },
};
const migration = 'app/sql/003_labels.sql';
const failing = 'app/sql/004_tags.sql';

let workspace: Workspace;
let outputs: Outputs;

/** Deploys and tells what changed. */
async function up(): Promise<string[]> {
  const { code, stdout, stderr } = await workspace.run('up');
  if (code !== 0) throw new Error(`up ended with ${String(code)}:\n${stdout}\n${stderr}`);
  return changesIn(stdout);
}

/** A deployment that has to fail; what it said. */
async function refused(): Promise<Ran & { text: string }> {
  const ran = await workspace.run('up');
  const text = ran.stdout + ran.stderr;
  expect(ran.code, text).toBe(1);
  expect(text).not.toMatch(/^\s+at .+:\d+:\d+/m);
  return { ...ran, text };
}

function sha256(file: string): string {
  return createHash('sha256').update(workspace.read(file)).digest('hex');
}

interface Plan {
  readonly steps: { op: string; urn: string; detailedDiff?: Record<string, unknown> | null }[];
}

/**
 * The steps of Pulumi's own preview that change something, with the properties that differ; by name, for the engine
 * previews what does not wait for each other in no order.
 */
async function plan(): Promise<{ op: string; name: string; diff: string[] }[]> {
  const text = await workspace.succeed('pulumi', '--', 'preview', '--json');
  const { steps } = JSON.parse(text) as Plan;
  return steps
    .filter(({ op }) => !['same', 'refresh', 'read'].includes(op))
    .map(({ op, urn, detailedDiff }) => ({
      op,
      name: urn.split('::').at(-1) ?? '',
      diff: Object.keys(detailedDiff ?? {}).sort(),
    }))
    .sort((one, other) => one.name.localeCompare(other.name));
}

async function exists(table: string): Promise<boolean> {
  const [row] = await sql<{ there: boolean }>(
    outputs,
    `select to_regclass('${table}') is not null as there`,
    { role: 'strata_owner' },
  );
  return row?.there === true;
}

/** Each new migration has every fence looked at again: it may have changed a table. */
const fences = ['update app.notes', 'update app.projects'];

/** And so does everything that holds the whole schema. */
const settled = ['update audit', 'update declaration', 'update places', 'update template'];

const ownersUpdate = "update: 'owner',\n      delete: 'owner'";
const adminsUpdate = "update: 'admin',\n      delete: 'owner'";

describe.skipIf(reason)('what was edited is what is deployed', () => {
  beforeAll(async () => {
    workspace = await Workspace.create();
    await workspace.succeed('up');
    outputs = await workspace.outputs<Outputs>();
  });

  afterAll(() => workspace.dispose());

  test('an edited source of the GraphQL server is deployed by the next up, and nothing else changes', async () => {
    const database = workspace.pid('database');
    const graphql = workspace.pid('graphql');
    const source = 'components/services/images/graphql/server.ts';
    workspace.write(
      source,
      `${workspace.read(source)}\nprocess.stderr.write('this source was edited\\n');\n`,
    );
    expect(await up()).toEqual(['update graphql']);
    expect(workspace.pid('graphql')).not.toBe(graphql);
    expect(workspace.pid('database')).toBe(database);
    expect(workspace.read('.strata/stacks/local/run/graphql/log')).toContain(
      'this source was edited',
    );
  });

  test('a new tenant and a new member change only themselves', async () => {
    const graphql = workspace.pid('graphql');
    workspace.configure({
      'strata:tenancy': {
        tenants: {
          acme: { members: { ...tenants.acme.members, cy: 'member' } },
          globex: tenants.globex,
          initech: { name: 'Initech', members: { pete: 'admin' } },
        },
      },
    });
    expect(await up()).toEqual(['create tenant-initech', 'update tenant-acme']);
    expect(workspace.pid('graphql')).toBe(graphql);
    const members = await sql<{ member: string }>(
      outputs,
      `select t.slug || ' ' || u.handle || ' ' || m.role as member from registry.members m
       join registry.tenants t on t.id = m.tenant_id join registry.users u on u.id = m.user_id order by 1`,
    );
    expect(members.map(({ member }) => member)).toEqual([
      'acme ann admin',
      'acme bob member',
      'acme cy member',
      'globex gus admin',
      'globex hal member',
      'initech pete admin',
    ]);
  });

  test('a tenant taken out of the config is refused, and nothing of it is lost', async () => {
    const before = await notes(outputs);
    const config = workspace.read('Pulumi.local.yaml');
    workspace.configure({
      'strata:tenancy': {
        tenants: { acme: tenants.acme, initech: { members: { pete: 'admin' } } },
      },
    });
    const { text } = await refused();
    expect(text).toMatch(/tenant-globex.*protect/s);
    expect(await notes(outputs)).toEqual(before);
    expect(before).toContain('globex: Rain on weekdays only.');
    workspace.write('Pulumi.local.yaml', config);
  });

  test('a new migration is listed by its name in the preview and applied once', async () => {
    workspace.write(migration, 'create table labels (id uuid primary key, label text);\n');
    workspace.edit(
      'app/tenancy.ts',
      'tables: {',
      "shared: { 'app.labels': 'nobody' },\n  tables: {",
    );
    const changes = [
      'create app.labels',
      'create app/003_labels',
      ...fences,
      ...settled,
      'update graphql',
    ].sort();
    const preview = await workspace.succeed('preview');
    expect(changesIn(preview).sort()).toEqual(changes);
    expect(await ledger(outputs)).not.toContain('app/003_labels');

    expect((await up()).sort()).toEqual(changes);
    expect((await ledger(outputs)).filter((name) => name === 'app/003_labels')).toHaveLength(1);
    expect(await exists('app.labels')).toBe(true);
  });

  test('a changed text of an applied migration is refused with both hashes before anything changes', async () => {
    const applied = workspace.read(migration);
    const before = sha256(migration);
    workspace.write(migration, applied.replace('label text', 'label text not null'));
    // What would change along with it must not either.
    workspace.edit('app/tenancy.ts', ownersUpdate, adminsUpdate);
    const { text } = await refused();
    expect(text).toContain('app/003_labels');
    expect(text).toContain(before);
    expect(text).toContain(sha256(migration));
    expect(text).not.toContain('Updating (local)');
    workspace.write(migration, applied);
    workspace.edit('app/tenancy.ts', adminsUpdate, ownersUpdate);
    expect(await up()).toEqual([]);
  });

  test('a changed rule shows in the preview exactly the policies that change', async () => {
    workspace.edit('app/tenancy.ts', ownersUpdate, adminsUpdate);
    expect(await plan()).toMatchObject([
      {
        op: 'update',
        name: 'app.notes',
        diff: ['policies.hasura_update', 'policies.tenant_update'],
      },
      { op: 'update', name: 'audit' },
      { op: 'update', name: 'declaration' },
      { op: 'update', name: 'graphql' },
      { op: 'update', name: 'places' },
      { op: 'update', name: 'template' },
    ]);
    workspace.edit('app/tenancy.ts', adminsUpdate, ownersUpdate);
  });

  test('a failing migration names file and line, rolls back, and goes through once it is mended', async () => {
    const good = [
      '-- Tags, which all tenants would share.',
      'create table tags (',
      '  tenant_id uuid not null default tenancy.require_tenant_id() references registry.tenants on delete cascade,',
      '  id uuid not null default gen_random_uuid(),',
      '  name text not null unique,',
      '  primary key (tenant_id, id)',
      ');',
      "comment on table tags is 'Tags';",
      '',
    ];
    const bad = [...good];
    bad[7] = "commment on table tags is 'Tags';";
    workspace.write(failing, bad.join('\n'));
    const { text } = await refused();
    expect(text).toMatch(/app\/004_tags\.sql:8: syntax error at or near "commment"/);
    expect(await exists('app.tags')).toBe(false);
    expect(await ledger(outputs)).not.toContain('app/004_tags');

    workspace.write(failing, good.join('\n'));
    // A table that nobody declared is nobody's to reach, and is told of before any service is.
    expect((await refused()).text).toContain(
      'app.tags stands in the database but not in tenancy.ts',
    );
    expect(await exists('app.tags')).toBe(true);
    expect(await ledger(outputs)).toContain('app/004_tags');
  });

  test('a declared table whose shape is unsafe is refused with the statement that mends it', async () => {
    workspace.edit(
      'app/tenancy.ts',
      "'app.notes': {",
      "'app.tags': { read: 'member', insert: 'member', update: 'admin', delete: 'admin' },\n    'app.notes': {",
    );
    const { text } = await refused();
    expect(text).toContain('app.tags cannot keep tenants apart as it is');
    const mend = /alter table tags drop constraint \S+, add unique \(tenant_id, name\)/.exec(text);
    expect(mend?.[0]).toBeDefined();

    workspace.write('app/sql/005_tags_apart.sql', `${String(mend?.[0])};\n`);
    expect(await up()).toEqual(
      expect.arrayContaining(['create app.tags', 'create app/005_tags_apart', 'update graphql']),
    );
  });
});
