import { beforeAll, describe, expect, test } from 'vitest';
import { token, type Subject } from '../support/forge';
import { ask, query } from './support/client';
import { absent, database, openScene, type Scene } from './support/scene';

let scene: Scene;

beforeAll(async () => {
  if (!absent) scene = await openScene();
});

const models = ['schema', 'database'] as const;

describe.skipIf(absent)('a tenant with a place of its own', () => {
  test.each(models)('of model %s writes and reads through the gateway', async (model) => {
    const slug = `own-${model}`;
    await scene.platform.tenants('create', slug, '--admin', `${slug}-ann`, '--model', model);
    const ann = await memberOf(`${slug}-ann`);
    const bearer = token(scene.outputs.jwt, ann);
    await expect
      .poll(async () => (await say(bearer, `Secret of ${slug}`)).status, { timeout: 60_000 })
      .toBe(200);
    expect(await query(scene, bearer, '{ projects { nodes { name } } }')).toEqual({
      projects: { nodes: [{ name: `Secret of ${slug}` }] },
    });
    const shared = await database(
      scene,
      'strata_migrator',
      'select from app.projects where tenant_id = $1',
      [ann.tenantId],
    );
    expect(shared).toEqual([]);
    const theirs = JSON.stringify(
      await query(scene, scene.tokenOf('ann'), '{ projects { nodes { name } } }'),
    );
    expect(theirs).not.toContain('Secret of');
  });

  test.each(models)('of model %s is shut out while it is suspended', async (model) => {
    const slug = `own-${model}`;
    const bearer = token(scene.outputs.jwt, await memberOf(`${slug}-ann`));
    await scene.platform.tenants('suspend', slug);
    await expect.poll(() => statusOf(bearer), { timeout: 30_000 }).toBe(403);
    await scene.platform.tenants('resume', slug);
    await expect.poll(() => statusOf(bearer), { timeout: 30_000 }).toBe(200);
  });

  test('moves while it is used, with its rows', async () => {
    const bearer = token(scene.outputs.jwt, await memberOf('own-schema-ann'));
    const moved = await scene.platform.tenants(
      'move',
      'own-schema',
      ...['--model', 'shared', '--grace', '6'],
    );
    expect(moved).toMatchObject({ slug: 'own-schema', pauseMs: expect.any(Number) as number });
    await expect.poll(() => statusOf(bearer), { timeout: 30_000 }).toBe(200);
    expect(await query(scene, bearer, '{ projects { nodes { name } } }')).toEqual({
      projects: { nodes: [{ name: 'Secret of own-schema' }] },
    });
  });

  test('signs itself up: a function asks for it, and the worker makes it', async () => {
    const [asked] = await database<{ job: string }>(
      scene,
      'strata_app',
      `select tenancy.sign_up('signed-up', 'Signed up', 'eve', 'schema') as job`,
    );
    const state = async () =>
      (
        await database<{ state: string }>(
          scene,
          'strata_app',
          'select state from tenancy.sign_up_state($1)',
          [asked?.job],
        )
      )[0]?.state;
    await expect.poll(state, { timeout: 60_000 }).toBe('done');
    expect(await statusOf(token(scene.outputs.jwt, await memberOf('eve')))).toBe(200);
  });

  test('is deleted in two steps, and nothing of it is left', async () => {
    const { tenantId } = await memberOf('own-database-ann');
    const first = await scene.platform.tenants('delete', 'own-database', '--folder', 'gone');
    const { token: proof } = first as { token: string };
    const second = await scene.platform.tenants(
      'delete',
      'own-database',
      ...['--folder', 'gone', '--token', proof],
    );
    expect(second).toMatchObject({ step: 'deleted' });
    const left = await database<{ place: string }>(
      scene,
      'strata_migrator',
      `select datname as place from pg_database where datname = $2
       union all select rolname from pg_roles where rolname = 'strata_' || $2
       union all select slug from registry.tenants where id = $1::uuid`,
      [tenantId, `t_${tenantId.replaceAll('-', '')}`],
    );
    expect(left).toEqual([]);
  });
});

const create =
  'mutation ($name: String!) { createProject(input: { project: { name: $name } }) { project { name } } }';

function say(bearer: string, name: string): ReturnType<typeof ask> {
  return ask(scene, '/graphql', { token: bearer, body: { query: create, variables: { name } } });
}

async function statusOf(bearer: string): Promise<number> {
  const body = { query: '{ projects { nodes { name } } }' };
  return (await ask(scene, '/graphql', { token: bearer, body })).status;
}

async function memberOf(handle: string): Promise<Subject> {
  const [row] = await database<{ tenant_id: string; user_id: string; role: string }>(
    scene,
    'strata_migrator',
    `select m.tenant_id, m.user_id, m.role from registry.members m
     join registry.users u on u.id = m.user_id where u.handle = $1`,
    [handle],
  );
  if (!row) throw new Error(`${handle} is no member`);
  return { tenantId: row.tenant_id, userId: row.user_id, role: `tenant_${row.role}` };
}
