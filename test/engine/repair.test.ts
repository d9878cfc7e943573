import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  changesIn,
  expectBothAlone,
  notes,
  sql,
  statusOf,
  whyNoEngine,
  type Outputs,
} from '../support/engine';
import { gone, kill } from '../support/processes';
import { Workspace } from '../support/workspace';

const reason = await whyNoEngine();

let workspace: Workspace;
let outputs: Outputs;

describe.skipIf(reason)('what broke between two deployments', () => {
  beforeAll(async () => {
    workspace = await Workspace.create();
    await workspace.succeed('up');
    outputs = await workspace.outputs<Outputs>();
  });

  afterAll(() => workspace.dispose());

  test('says which process was killed and why it is not healthy, and up repairs it without losing a row', async () => {
    await sql(
      outputs,
      `insert into app.notes (tenant_id, project_id, author_id, body)
       select tenant_id, id, null, 'written before the crash' from app.projects where name = 'Giant magnet'`,
    );
    const before = await notes(outputs);
    expect(before).toContain('acme: written before the crash');

    const database = workspace.pid('database');
    const graphql = workspace.pid('graphql');
    kill(graphql);
    await gone(graphql);
    const first = await statusOf(workspace);
    expect(first).toMatchObject({ code: 1, healthy: false });
    expect(first.services).toMatchObject([
      { name: 'database', healthy: true },
      {
        name: 'graphql',
        healthy: false,
        reason: expect.stringContaining('does not run') as string,
      },
    ]);

    kill(database);
    await gone(database);
    const second = await statusOf(workspace);
    expect(second.code).toBe(1);
    expect(second.services).toMatchObject([
      {
        name: 'database',
        healthy: false,
        reason: expect.stringContaining('does not run') as string,
      },
      { name: 'graphql', healthy: false },
    ]);

    expect(changesIn(await workspace.succeed('up'))).toEqual(['update database', 'update graphql']);
    expect(await notes(outputs)).toEqual(before);
    expectBothAlone(workspace);
    expect(await statusOf(workspace)).toMatchObject({ code: 0, healthy: true });
  });

  test('notices a fence that was opened by hand, on exactly that table, and closes it', async () => {
    const owner = { role: 'strata_owner' };
    const fences = `
      select c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relacl::text as grants,
        (select string_agg(polname || polpermissive || polroles::text, ' ' order by polname) from pg_policy where polrelid = c.oid) as policies
      from pg_class c where c.oid in ('app.notes'::regclass, 'app.projects'::regclass) order by 1`;
    const closed = await sql(outputs, fences, owner);

    await sql(outputs, 'alter table app.projects disable row level security', owner);
    await sql(outputs, 'drop policy tenant_floor on app.notes', owner);
    expect(changesIn(await workspace.succeed('up'))).toEqual([
      'update app.notes',
      'update app.projects',
      'update audit',
    ]);
    expect(await sql(outputs, fences, owner)).toEqual(closed);

    await sql(outputs, 'grant select on app.notes to strata_anon', owner);
    expect(changesIn(await workspace.succeed('up'))).toEqual(['update app.notes', 'update audit']);
    expect(await sql(outputs, fences, owner)).toEqual(closed);
  });
});
