import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { enqueue } from '../../provider/tenancy/jobs';
import { startServer, type Server } from '../sql/support/server';
import { installPlatform } from '../sql/support/platform';

let server: Server;
let admin: Client;
let app: Client;

beforeAll(async () => {
  server = await startServer();
  const postgres = await server.connect('postgres', 'postgres');
  await postgres.query('create database strata');
  await installPlatform(server, 'strata');
  admin = await server.connect('postgres', 'strata');
  app = await server.connect('strata_app', 'strata');
});

afterAll(() => server.stop());
afterEach(() => admin.query('delete from registry.tenant_jobs; delete from registry.tenants'));

const signUp = (
  slug: unknown,
  name: unknown = 'A name',
  who: unknown = 'ann',
  model: unknown = null,
) =>
  app
    .query<{ job: string }>('select tenancy.sign_up($1, $2, $3, $4) as job', [
      slug,
      name,
      who,
      model,
    ])
    .then(({ rows }) => rows[0]?.job ?? '');

const said = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'taken on',
    (error: unknown) => `${(error as { code: string }).code} ${(error as Error).message}`,
  );

const jobs = async (): Promise<number | null> =>
  (await admin.query('select from registry.tenant_jobs')).rowCount;

describe('who signs tenants up', () => {
  const logins = [
    'strata_authenticator',
    'strata_hasura',
    'strata_guard',
    'strata_dispatcher',
    'strata_sessions',
    'strata_admin_page',
    'strata_auditor',
    'strata_monitor',
    'strata_migrator',
  ];

  test.each(logins)('is not %s', async (login) => {
    const client = await server.connect(login, 'strata');
    for (const call of ["sign_up('slug', 'name', 'ann')", `sign_up_state('${randomUUID()}')`]) {
      expect(await said(client.query(`select tenancy.${call}`))).toMatch(
        /^42501 permission denied/,
      );
    }
    await client.end();
  });

  test.each(['strata_tenant', 'strata_anon'])('is nobody who became %s', async (role) => {
    for (const login of ['strata_authenticator', 'strata_app']) {
      const client = await server.connect(login, 'strata');
      await client.query(`set role ${role}`).catch(() => undefined);
      const { rows } = await client.query<{ as: string }>('select current_user as as');
      if (rows[0]?.as === role) {
        expect(await said(client.query("select tenancy.sign_up('slug', 'name', 'ann')"))).toMatch(
          /^42501 permission denied/,
        );
      }
      await client.end();
    }
  });

  test('reads and writes the jobs by these functions alone', async () => {
    await signUp('mine');
    for (const statement of [
      'select * from registry.tenant_jobs',
      "insert into registry.tenant_jobs (action, slug) values ('delete', 'x')",
      "update registry.tenant_jobs set action = 'delete'",
      'delete from registry.tenant_jobs',
      'select * from registry.tenants',
    ]) {
      expect(await said(app.query(statement))).toMatch(/^42501 permission denied/);
    }
  });
});

describe('a sign-up', () => {
  test.each([
    "x'); drop table registry.tenants; --",
    '../etc',
    'UPPER',
    'with space',
    'a'.repeat(64),
    '-begins',
    'ends-',
    '',
    'ümlaut',
    'a\nb',
    null,
  ])('is refused with the slug %j', async (slug) => {
    expect(await said(signUp(slug))).toMatch(/^23514 the slug .* is not allowed/s);
    expect(await jobs()).toBe(0);
  });

  test.each([
    ['', 'ann', null],
    ['x'.repeat(201), 'ann', null],
    ['A name', '', null],
    ['A name', 'x'.repeat(201), null],
    [null, 'ann', null],
    ['A name', 'ann', 'schema; drop'],
    ['A name', 'ann', ''],
  ])('is refused with name, admin and model %j %j %j', async (name, who, model) => {
    expect(await said(signUp('fine', name, who, model))).toMatch(/^23514 /);
    expect(await jobs()).toBe(0);
  });

  test('keeps hostile text as text', async () => {
    const name = `Robert'); drop table registry.tenants; -- {"model": "database"}`;
    await signUp('bobby', name, `ann"}, "members": [`);
    const { rows } = await admin.query(
      'select slug, arguments, requested_by from registry.tenant_jobs',
    );
    expect(rows).toEqual([
      {
        slug: 'bobby',
        arguments: { name, admin: `ann"}, "members": [` },
        requested_by: 'strata_app',
      },
    ]);
  });

  test('gets a slug once, whoever asks at the same time', async () => {
    const others = await Promise.all(
      [1, 2, 3, 4].map(() => server.connect('strata_app', 'strata')),
    );
    for (const client of others) await client.query('begin');
    const asked = others.map((client) =>
      said(
        client
          .query("select tenancy.sign_up('wanted', 'A name', 'ann')")
          .finally(() => client.query('commit')),
      ),
    );
    expect((await Promise.all(asked)).sort()).toEqual([
      "23505 the slug 'wanted' is taken",
      "23505 the slug 'wanted' is taken",
      "23505 the slug 'wanted' is taken",
      'taken on',
    ]);
    await Promise.all(others.map((client) => client.end()));
    expect(await jobs()).toBe(1);
    await admin.query("insert into registry.tenants (slug, name) values ('there', 'There')");
    expect(await said(signUp('there'))).toBe("23505 the slug 'there' is taken");
  });

  test('waits with a hundred others at most, and does not fill the disk', async () => {
    for (let i = 0; i < 100; i += 1) await signUp(`flood-${String(i)}`);
    expect(await said(signUp('flood-100'))).toBe('53400 too many sign-ups wait');
    expect(await jobs()).toBe(100);
    // What an operator asks for is no sign-up, and what has ended waits no more.
    await admin.query("update registry.tenant_jobs set state = 'done' where slug = 'flood-0'");
    expect(await said(signUp('flood-100'))).toBe('taken on');
  });

  test('tells its state to whoever has its id, and nothing of other jobs', async () => {
    const job = await signUp('asked-for');
    const state = async (id: string): Promise<unknown[]> =>
      (await app.query<object>('select * from tenancy.sign_up_state($1)', [id])).rows;
    expect(await state(job)).toEqual([{ state: 'queued', error: null, tenant_id: null }]);
    expect(await state(randomUUID())).toEqual([]);
    const clusters = new Map([['main', server.url('strata_migrator', 'strata')]]);
    const secret = await enqueue(clusters, { action: 'suspend', slug: 'asked-for' });
    expect(await state(secret)).toEqual([]);
  });

  test('with a claim of a tenant is no more than without', async () => {
    await admin.query("insert into registry.tenants (slug, name) values ('other', 'Other')");
    await app.query('begin');
    await app.query(
      "select set_config('app.tenant_id', $1, true), set_config('app.role', 'admin', true)",
      [randomUUID()],
    );
    const answer = await said(signUp('other'));
    await app.query('rollback');
    // It may be queued: the worker, which sees every tenant, refuses it.
    expect(['taken on', "23505 the slug 'other' is taken"]).toContain(answer);
  });
});
