import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { placeOf, platformDatabase } from '../../components/tenancy/places';
import { startFunctions, type Program } from '../support/program';
import { tokenFor } from '../support/storage';
import { ApiWorld, type Inhabitant } from './support/api-world';
import { master } from './support/platform';

let world: ApiWorld;
let functions: Program;
let all: Inhabitant[];

beforeAll(async () => {
  world = await ApiWorld.start();
  all = [];
  for (const model of ['shared', 'schema', 'database'] as const) {
    for (const which of ['one', 'two']) all.push(await world.settle(`${model}-${which}`, model));
  }
  functions = await startFunctions(
    { databaseUrl: world.server.url('strata_app', platformDatabase), master },
    'test/services/functions/app/functions',
    ['who', 'write', 'smuggle', 'scopes'],
  );
});

afterAll(async () => {
  await functions.stop();
  await world.server.stop();
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly again: string | null;
}

async function call({ session }: Inhabitant, name: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${functions.url}/functions/${name}`, {
    headers: { authorization: `Bearer ${await tokenFor(session)}` },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text && (JSON.parse(text) as unknown),
    again: response.headers.get('retry-after'),
  };
}

async function seen(inhabitant: Inhabitant): Promise<unknown> {
  return ((await call(inhabitant, 'who')).body as { seen?: unknown }).seen;
}

function itself({ session }: Inhabitant): unknown {
  return { tenant: session.tenantId, user: session.userId, role: 'admin', notes: 1 };
}

function code({ status, body }: Answer): unknown[] {
  return [status, (body as { error?: { code?: string } }).error?.code];
}

test('a function acts for its caller in all three models, at once and on the same connections', async () => {
  const calling = Array.from({ length: 20 }, () => all).flat();
  const answers = await Promise.all(calling.map((inhabitant) => seen(inhabitant)));
  expect(answers).toEqual(calling.map(itself));
});

test('a function that an API key calls has its scopes in the database, and a person’s function has none, in all three models', async () => {
  const scopes = ['functions:read', 'graphql:write'];
  for (const inhabitant of all) {
    const key = { ...inhabitant, session: { ...inhabitant.session, scopes } };
    expect((await call(key, 'scopes')).body, inhabitant.slug).toEqual({
      limited: true,
      scopes: 'functions:read graphql:write',
    });
    expect((await call(inhabitant, 'scopes')).body, inhabitant.slug).toEqual({
      limited: false,
      scopes: null,
    });
  }
});

test('what a function writes is in its caller’s place and nowhere else', async () => {
  for (const inhabitant of all) {
    const name = `by ${inhabitant.slug}`;
    expect((await call(inhabitant, 'write', { name })).status, inhabitant.slug).toBe(204);
    const { database, schema } = placeOf(inhabitant.tenant.id, inhabitant.tenant.model);
    expect(await world.take(all, 'projects', 'name', name)).toEqual([`${database}.${schema}`]);
  }
});

test('what a failed function wrote is in no place', async () => {
  for (const inhabitant of all) {
    const answer = await call(inhabitant, 'write', { name: 'never', then: 'throw' });
    expect(code(answer)).toEqual([500, 'internal']);
  }
  expect(await world.take(all, 'projects', 'name', 'never')).toEqual([]);
});

test('a tenant with a place of its own that smuggles SQL into a function stays in its place', async () => {
  const claims = (session: Inhabitant['session']): string =>
    JSON.stringify({
      'https://hasura.io/jwt/claims': {
        'x-hasura-tenant-id': session.tenantId,
        'x-hasura-user-id': session.userId,
        'x-hasura-role': session.role,
      },
    });
  for (const attacker of all.filter(({ tenant }) => tenant.model !== 'shared')) {
    for (const victim of all.filter((other) => other !== attacker)) {
      const { database, schema, role } = placeOf(victim.tenant.id, victim.tenant.model);
      const smuggled = [
        `x' union all select name from ${schema}.projects where tenant_id = '${victim.tenant.id}`,
        `x' union all select body from ${database}.${schema}.notes where '1' = '1`,
        `x'; reset role; select name from app.projects where '1' = '1`,
        `x' union all select set_config('search_path', '${schema}', true) union all select name from projects where '1' = '1`,
        `x' union all select set_config('request.jwt.claims', '${claims(victim.session)}', true) union all select name from projects where '1' = '1`,
      ];
      for (const id of smuggled) {
        const { body } = await call(attacker, 'smuggle', { id });
        expect(JSON.stringify(body), `${attacker.slug}: ${id}`).not.toContain(victim.secret);
      }
      // A tenant of one database can take on no role of another one.
      if (attacker.tenant.model === 'database') {
        const answer = await call(attacker, 'smuggle', {
          id: `x' union all select set_config('role', '${role === 'strata_tenant' ? 'strata_app' : role}', true) where '1' = '1`,
        });
        expect(code(answer)).toEqual([500, 'internal']);
      }
    }
  }
  expect(await Promise.all(all.map(seen))).toEqual(all.map(itself));
});

describe('a function is refused its database', () => {
  test.each(['shared', 'schema', 'database'] as const)(
    'when its tenant is suspended, in model %s',
    async (model) => {
      const inhabitant = await world.settle(`sleepy-${model}`, model);
      expect(await seen(inhabitant)).toEqual(itself(inhabitant));
      await world.set(inhabitant.tenant, 'status', 'suspended');
      await expect
        .poll(async () => code(await call(inhabitant, 'who')), { timeout: 20_000, interval: 200 })
        .toEqual([403, 'tenant_suspended']);
    },
  );

  test('when its tenant has moved: 503, to be sent again, and then it is served where it is now', async () => {
    const mover = await world.settle('mover', 'shared');
    // Made beforehand, because a place is not remembered for as long as that may take.
    await world.become(mover, 'schema');
    await world.set(mover.tenant, 'model', 'shared');
    expect(await seen(mover)).toEqual(itself(mover));
    await world.admin.query('insert into tenancy.away (tenant_id, schema) values ($1, $2)', [
      mover.tenant.id,
      'app',
    ]);
    await world.set(mover.tenant, 'model', 'schema');
    const late = await call(mover, 'write', { name: 'late' });
    expect([...code(late), late.again]).toEqual([503, 'TENANT_MOVED', '1']);
    expect((await call(mover, 'write', { name: 'late' })).status).toBe(204);
    expect(await seen(mover)).toEqual({ ...(itself(mover) as object), notes: 0 });
  });

  test('when its tenant’s database is gone: 503, and no other database instead', async () => {
    const gone = await world.settle('gone', 'database');
    const { database } = placeOf(gone.tenant.id, 'database');
    await world.admin.query(`drop database ${database} with (force)`);
    expect(code(await call(gone, 'who'))).toEqual([503, 'database_unavailable']);
    expect(functions.said()).toContain("a tenant's database cannot be reached");
    expect(functions.said()).not.toContain(master);
  });
});
