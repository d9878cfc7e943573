import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query, send, type Answer } from '../e2e/graphql';
import { startGraphql, type Program } from '../support/program';
import { tokenFor } from '../support/storage';
import { placeOf, platformDatabase } from '../../components/tenancy/places';
import { ApiWorld, type Inhabitant } from './support/api-world';
import { master } from './support/platform';

let world: ApiWorld;
let service: Program;
let all: Inhabitant[];

beforeAll(async () => {
  world = await ApiWorld.start();
  all = [];
  for (const model of ['shared', 'schema', 'database'] as const) {
    for (const which of ['one', 'two']) all.push(await world.settle(`${model}-${which}`, model));
  }
  service = await startGraphql({
    databaseUrl: world.server.url('strata_authenticator', platformDatabase),
    master,
  });
});

afterAll(async () => {
  await service.stop();
  await world.server.stop();
});

const reading = '{ notes { totalCount nodes { tenantId body project { name } } } }';
const writing =
  'mutation($p: UUID!, $b: String!) { createNote(input: { note: { projectId: $p, body: $b } }) { note { tenantId } } }';

async function ask(
  { session }: Inhabitant,
  text: string,
  variables: Record<string, unknown> = {},
): Promise<Answer> {
  return query(service.url, await tokenFor(session), text, variables);
}

/** What a tenant sees of its own: one note. */
function own({ tenant, secret }: Inhabitant): unknown {
  return {
    notes: {
      totalCount: 1,
      nodes: [{ tenantId: tenant.id, body: secret, project: { name: secret } }],
    },
  };
}

function codes({ status, data, errors }: Answer): unknown[] {
  return [
    status,
    data && Object.values(data)[0],
    ...errors.map((error) => (error as { extensions?: { code?: unknown } }).extensions?.code),
  ];
}

function placeName({ tenant }: Inhabitant): string {
  const { database, schema } = placeOf(tenant.id, tenant.model);
  return `${database}.${schema}`;
}

function one(slug: string): Inhabitant {
  const found = all.find((inhabitant) => inhabitant.slug === slug);
  if (!found) throw new Error(`nobody is called ${slug}`);
  return found;
}

test('the same query gives the tenants of three models their own rows, all of them and no other', async () => {
  for (const inhabitant of all) {
    const { status, data, errors } = await ask(inhabitant, reading);
    expect({ status, data, errors }, inhabitant.slug).toEqual({
      status: 200,
      data: own(inhabitant),
      errors: [],
    });
  }
});

test('what a tenant writes is in its own place and nowhere else', async () => {
  for (const inhabitant of all) {
    const body = `written by ${inhabitant.slug}`;
    const { data, errors } = await ask(inhabitant, writing, { p: inhabitant.project, b: body });
    expect({ data, errors }, inhabitant.slug).toEqual({
      data: { createNote: { note: { tenantId: inhabitant.tenant.id } } },
      errors: [],
    });
    expect(await world.take(all, 'notes', 'body', body)).toEqual([placeName(inhabitant)]);
  }
});

test('requests of all tenants at once, on the same connections, are never taken for each other', async () => {
  const asking = Array.from({ length: 20 }, () => all).flat();
  const answers = await Promise.all(asking.map((inhabitant) => ask(inhabitant, reading)));
  expect(answers.map(({ data, errors }) => ({ data, errors }))).toEqual(
    asking.map((inhabitant) => ({ data: own(inhabitant), errors: [] })),
  );
});

describe('a tenant of one model that attacks a tenant of another', () => {
  test('gets nothing by ids, conditions and keys of the other, and changes nothing', async () => {
    const attacks = [
      reading,
      'query($t: UUID!, $p: UUID!) { project(tenantId: $t, rowId: $p) { name notes { nodes { body } } } }',
      'query($t: UUID!, $p: UUID!) { notes(condition: { tenantId: $t, projectId: $p }) { totalCount nodes { body } } }',
      'mutation($t: UUID!, $p: UUID!) { createNote(input: { note: { tenantId: $t, projectId: $p, body: "intruded" } }) { note { body } } }',
      'mutation($t: UUID!, $p: UUID!) { updateProject(input: { tenantId: $t, rowId: $p, patch: { name: "intruded" } }) { project { name } } }',
      'mutation($t: UUID!, $p: UUID!) { deleteProject(input: { tenantId: $t, rowId: $p }) { project { name } } }',
    ];
    for (const attacker of all) {
      for (const victim of all) {
        if (victim === attacker) continue;
        for (const text of attacks) {
          const { body } = await ask(attacker, text, { t: victim.tenant.id, p: victim.project });
          expect(body, `${attacker.slug}: ${text}`).not.toContain(victim.secret);
        }
        expect((await ask(victim, reading)).data, victim.slug).toEqual(own(victim));
      }
    }
  });

  test('chooses neither search path nor role by what it sends', async () => {
    const attacker = one('schema-one');
    const victim = one('shared-one');
    const settings = { search_path: 'app', role: 'strata_tenant' };
    const authorization = `Bearer ${await tokenFor(attacker.session)}`;
    const answer = await send(
      service.url,
      {
        query: reading,
        variables: { settings },
        extensions: { pgSettings: settings },
        pgSettings: settings,
      },
      {
        authorization,
        search_path: 'app',
        'x-strata-tenant': victim.tenant.id,
        'x-tenant': victim.slug,
      },
    );
    expect(answer.data).toEqual(own(attacker));
    for (const text of ["x'; set local search_path = app; --", '"app"."notes"', '$$; reset role']) {
      const { data, errors } = await ask(
        attacker,
        'mutation($n: String!) { createProject(input: { project: { name: $n } }) { project { name } } }',
        { n: text },
      );
      expect({ data, errors }).toEqual({
        data: { createProject: { project: { name: text } } },
        errors: [],
      });
      expect(await world.take(all, 'projects', 'name', text)).toEqual([placeName(attacker)]);
    }
    expect((await ask(attacker, reading)).data).toEqual(own(attacker));
  });

  test('is served from no other place, whatever the registry says', async () => {
    const attacker = await world.settle('misled', 'shared');
    for (const victim of [one('schema-one'), one('database-one')]) {
      // As if somebody had written the victim's place into the attacker's row.
      await world.admin.query(`
        alter function tenancy.place(uuid) rename to true_place;
        create function tenancy.place(tenant uuid) returns setof record language sql as 'select null';
        drop function tenancy.place(uuid)`);
      await world.admin.query(
        `do $$ begin execute replace(replace(pg_get_functiondef('tenancy.true_place(uuid)'::regprocedure),
           'tenancy.true_place(tenant uuid)', 'tenancy.place(tenant uuid)'), 'where t.id = tenant',
           'where t.id = ''${victim.tenant.id}''::uuid and tenant is not null'); end $$`,
      );
      await world.admin.query(
        'alter function tenancy.place(uuid) owner to strata_owner; grant execute on function tenancy.place(uuid) to strata_authenticator',
      );
      try {
        expect(codes(await ask(attacker, reading))).toEqual([503, null, 'registry_unavailable']);
      } finally {
        await world.admin.query(
          'drop function tenancy.place(uuid); alter function tenancy.true_place(uuid) rename to place',
        );
      }
    }
    expect((await ask(attacker, reading)).data).toEqual(own(attacker));
  });
});

describe('a tenant that is not served', () => {
  test('because nobody knows it: 403', async () => {
    const stranger = {
      ...one('shared-one').session,
      tenantId: '00000000-0000-4000-8000-000000000000',
    };
    const answer = await query(service.url, await tokenFor(stranger), reading);
    expect(codes(answer)).toEqual([403, null, 'wrong_tenant']);
  });

  test.each(['shared', 'schema', 'database'] as const)(
    'because it was suspended, with rows in model %s: 403, and then again served',
    async (model) => {
      const inhabitant = await world.settle(`sleepy-${model}`, model);
      expect((await ask(inhabitant, reading)).data).toEqual(own(inhabitant));
      await world.set(inhabitant.tenant, 'status', 'suspended');
      await expect
        .poll(async () => codes(await ask(inhabitant, reading)), { timeout: 20_000, interval: 200 })
        .toEqual([403, null, 'tenant_suspended']);
      await world.set(inhabitant.tenant, 'status', 'active');
      await expect
        .poll(async () => (await ask(inhabitant, reading)).data, { timeout: 20_000, interval: 200 })
        .toEqual(own(inhabitant));
    },
  );

  test('because its database is gone: 503 in plain words, and 403 when the registry forgets it', async () => {
    const gone = await world.settle('gone-database', 'database');
    expect((await ask(gone, reading)).data).toEqual(own(gone));
    const name = placeOf(gone.tenant.id, 'database').database;
    await world.admin.query(`drop database ${name} with (force)`);
    await expect
      .poll(async () => codes(await ask(gone, reading)), { timeout: 20_000 })
      .toEqual([200, null, 'database_unavailable']);
    expect((await ask(gone, reading)).errors.map(({ message }) => message)).toEqual([
      'the database of this tenant cannot be reached now: try again later',
    ]);
    await world.admin.query('delete from registry.tenants where id = $1', [gone.tenant.id]);
    await expect
      .poll(async () => codes(await ask(gone, reading)), { timeout: 20_000, interval: 200 })
      .toEqual([403, null, 'wrong_tenant']);
  });

  test('because its schema is gone: an error, and no row of the shared tables', async () => {
    const gone = await world.settle('gone-schema', 'schema');
    const { client, schema } = await world.inside(gone.tenant);
    await client.query(`drop schema ${schema} cascade`);
    await client.end();
    const { data, errors, body } = await ask(gone, reading);
    expect([data, errors.length]).toEqual([{ notes: null }, 1]);
    expect(body).not.toMatch(/only |relation|exist/);
  });

  test('because it has moved: is told to send it again, and then is served where it is now', async () => {
    const mover = await world.settle('mover', 'shared');
    // Made beforehand, because a place is not remembered for as long as that may take.
    await world.become(mover, 'schema');
    await world.set(mover.tenant, 'model', 'shared');
    expect((await ask(mover, reading)).data).toEqual(own(mover));
    await world.admin.query('insert into tenancy.away (tenant_id, schema) values ($1, $2)', [
      mover.tenant.id,
      'app',
    ]);
    await world.set(mover.tenant, 'model', 'schema');
    const late = await ask(mover, writing, { p: mover.project, b: 'late' });
    expect(codes(late)).toEqual([200, null, 'TENANT_MOVED']);
    expect(late.errors.map(({ message }) => message)).toEqual([
      'this tenant has just been moved: send the request again',
    ]);
    // At once, although the old place would still be remembered.
    expect((await ask(mover, reading)).data).toEqual({ notes: { totalCount: 0, nodes: [] } });
  });
});
