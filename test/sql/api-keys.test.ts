import { createHash } from 'node:crypto';
import type { DatabaseError, Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scopes } from '../../components/services/scopes';
import { jwt, session, setting } from './support/actors';
import { deploy } from './support/platform';
import { startServer, type Server } from './support/server';
import { readWorld, type Person, type World } from './support/world';

let server: Server;
let admin: Client;
let tokens: Client;
let guard: Client;
let world: World;

beforeAll(async () => {
  server = await startServer();
  await deploy(server, 'keys');
  admin = await server.connect('postgres', 'keys');
  tokens = await server.connect('strata_authenticator', 'keys');
  guard = await server.connect('strata_guard', 'keys');
  world = await readWorld(admin);
});

afterAll(() => server.stop());

type Row = Readonly<Record<string, unknown>>;

/** Runs a statement for somebody and keeps what it did. */
async function as(person: Person, statement: string, more: Row = {}): Promise<Row[]> {
  const claims = { ...session(person), ...more };
  const setUp = setting(
    'request.jwt.claims',
    JSON.stringify({ sub: person.id, 'https://hasura.io/jwt/claims': claims }),
  );
  await tokens.query(`begin; set local role strata_tenant; ${setUp}`);
  try {
    const { rows } = await tokens.query<Row>(statement);
    await tokens.query('commit');
    return rows;
  } catch (error) {
    await tokens.query('rollback');
    throw error;
  }
}

interface Issued {
  readonly text: string;
  readonly id: string;
  readonly hash: Buffer;
}

async function issue(person: Person, role = 'member', scope = 'graphql:read'): Promise<Issued> {
  const [row] = await as(
    person,
    `select tenancy.issue_api_key('a key', '${role}', array['${scope}'], now() + interval '1 hour') as key`,
  );
  const text = row?.key as string;
  const [, id = '', secret = ''] =
    /^strata_([0-9a-f]{32})_([0-9a-f]{64})[0-9a-f]{8}$/.exec(text) ?? [];
  return {
    text,
    id: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    hash: createHash('sha256').update(Buffer.from(secret, 'hex')).digest(),
  };
}

async function verify({ id, hash }: Pick<Issued, 'id' | 'hash'>): Promise<Row[]> {
  const { rows } = await guard.query<Row>(
    'select tenant_id, user_id, role, scopes, state from tenancy.verify_api_key($1, $2)',
    [id, hash],
  );
  return rows;
}

async function codeOf(attempt: Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt;
    return undefined;
  } catch (error) {
    return (error as DatabaseError).code;
  }
}

describe('a key of a tenant', () => {
  test('is verified by its id and the hash of its secret, and by nothing else', async () => {
    const key = await issue(world.ann, 'admin', 'storage:*');
    const known = {
      tenant_id: world.acme.id,
      user_id: world.ann.id,
      role: 'admin',
      scopes: ['storage:*'],
      state: 'active',
    };
    expect(await verify(key)).toEqual([known]);
    const other = await issue(world.ann);
    expect(await verify({ id: key.id, hash: other.hash })).toEqual([]);
    expect(await verify({ id: other.id, hash: key.hash })).toEqual([]);
    expect(await verify({ id: key.id, hash: Buffer.alloc(32) })).toEqual([]);
  });

  test('carries a check over its own text', async () => {
    const { text } = await issue(world.ann);
    const check = createHash('sha256').update(text.slice(0, -8)).digest('hex').slice(0, 8);
    expect(text.slice(-8)).toBe(check);
  });

  test('is another one each time, and stands nowhere in the database', async () => {
    const [one, two] = [await issue(world.ann), await issue(world.ann)];
    expect(
      new Set([one.text, two.text, one.hash.toString('hex'), two.hash.toString('hex')]).size,
    ).toBe(4);
    const { rows } = await admin.query<{ text: string }>(
      'select k::text || coalesce(a::text, $$$$) as text from registry.api_keys k left join audit.log a on true',
    );
    const secret = one.text.slice(40, 104);
    expect(rows.filter(({ text }) => text.includes(secret))).toEqual([]);
  });

  test('ends when it is revoked, once', async () => {
    const key = await issue(world.ann);
    expect(await as(world.ann, `select tenancy.revoke_api_key('${key.id}')`)).toEqual([
      { revoke_api_key: true },
    ]);
    expect(await as(world.ann, `select tenancy.revoke_api_key('${key.id}')`)).toEqual([
      { revoke_api_key: false },
    ]);
    expect(await verify(key)).toMatchObject([{ state: 'revoked' }]);
  });

  test('ends at its time', async () => {
    const key = await issue(world.ann);
    await admin.query(
      `update registry.api_keys set created_at = now() - interval '2 hours', expires_at = now() where id = $1`,
      [key.id],
    );
    expect(await verify(key)).toMatchObject([{ state: 'expired' }]);
  });

  test('is no more than its issuer is now, and ends with the membership', async () => {
    const { rows } = await admin.query<{ id: string }>(
      `insert into registry.users (handle) values ('passing') returning id`,
    );
    const passing: Person = { ...world.ann, id: rows[0]?.id ?? '' };
    await admin.query(`insert into registry.members values ($1, $2, 'admin')`, [
      world.acme.id,
      passing.id,
    ]);
    const key = await issue(passing, 'admin');
    expect(await verify(key)).toMatchObject([{ role: 'admin' }]);
    await admin.query(`update registry.members set role = 'member' where user_id = $1`, [
      passing.id,
    ]);
    expect(await verify(key)).toMatchObject([{ role: 'member' }]);
    await admin.query('delete from registry.members where user_id = $1', [passing.id]);
    expect(await verify(key)).toEqual([]);
  });

  test('is counted, twice in one batch too, and a count of nobody is left out', async () => {
    const key = await issue(world.bob, 'member').catch(() => issue(world.ann));
    await guard.query('select tenancy.count_api_key_uses($1, $2)', [
      [key.id, key.id, world.acme.id],
      [2, 3, 9],
    ]);
    await guard.query('select tenancy.count_api_key_uses($1, $2)', [[key.id], [4]]);
    const listed = await as(
      world.ann,
      `select use_count, last_used_at <= now() as lately from tenancy.api_keys() where id = '${key.id}'`,
    );
    expect(listed).toEqual([{ use_count: '9', lately: true }]);
  });

  test('is recorded in the audit log with who issued and who revoked it; its uses are not', async () => {
    const key = await issue(world.ann);
    await guard.query('select tenancy.count_api_key_uses($1, $2)', [[key.id], [1]]);
    await as(world.ann, `select tenancy.revoke_api_key('${key.id}')`);
    const { rows } = await admin.query(
      `select operation, user_id, relation from audit.log where keys @> jsonb_build_array(jsonb_build_object('id', $1::text)) order by at`,
      [key.id],
    );
    const by = { user_id: world.ann.id, relation: 'registry.api_keys' };
    expect(rows).toEqual([
      { operation: 'insert', ...by },
      { operation: 'update', ...by },
    ]);
  });

  test('tells the guard its tenant when it, its issuer or its tenant changes, and not when it is used', async () => {
    const heard: (string | undefined)[] = [];
    guard.on('notification', ({ payload }) => heard.push(payload));
    await guard.query('listen strata_guard');
    const key = await issue(world.gus);
    await guard.query('select tenancy.count_api_key_uses($1, $2)', [[key.id], [1]]);
    const changes = [
      `update registry.api_keys set revoked_at = now() where id = '${key.id}'`,
      `update registry.members set role = role where user_id = '${world.gus.id}'`,
      `update registry.tenants set status = 'suspended' where id = '${world.globex.id}'`,
      `update registry.tenants set status = 'active' where id = '${world.globex.id}'`,
      `delete from registry.api_keys where id = '${key.id}'`,
    ];
    for (const change of changes) await admin.query(change);
    await guard.query('unlisten strata_guard');
    expect(heard).toEqual(changes.map(() => world.globex.id));
  });
});

describe('what the SQL refuses', () => {
  const call = (name: string, role: string, list: string, until: string): string =>
    `select tenancy.issue_api_key(${name}, ${role}, ${list}, ${until})`;
  const good = [`'n'`, `'member'`, `array['graphql:read']`, `now() + interval '1 day'`] as const;

  test.each([
    ['no name', call(`''`, good[1], good[2], good[3]), '23514'],
    ['a long name', call(`repeat('n', 101)`, good[1], good[2], good[3]), '23514'],
    ['another role', call(good[0], `'owner'`, good[2], good[3]), '23514'],
    ['no role', call(good[0], 'null', good[2], good[3]), '23502'],
    ['no scope', call(good[0], good[1], `'{}'`, good[3]), '23514'],
    ['null scopes', call(good[0], good[1], 'null', good[3]), '23502'],
    [
      'an unknown scope',
      call(good[0], good[1], `array['graphql:read', 'everything']`, good[3]),
      '23514',
    ],
    [
      'a null among the scopes',
      call(good[0], good[1], `array['graphql:read', null]`, good[3]),
      '23514',
    ],
    [
      'scopes in two dimensions',
      call(good[0], good[1], `array[['graphql:read'], ['graphql:write']]`, good[3]),
      '23514',
    ],
    ['no end', call(good[0], good[1], good[2], 'null'), '23502'],
    [
      'an end that is past',
      call(good[0], good[1], good[2], `now() - interval '1 second'`),
      '23514',
    ],
    ['more than a year', call(good[0], good[1], good[2], `now() + interval '367 days'`), '23514'],
    ['no end by infinity', call(good[0], good[1], good[2], `'infinity'`), '23514'],
  ])('%s', async (_what, statement, code) => {
    expect(await codeOf(as(world.ann, statement))).toBe(code);
  });

  test('has a control: the same call without anything wrong', async () => {
    expect(await codeOf(as(world.ann, call(...good)))).toBeUndefined();
  });

  test('the scopes that there are stand in TypeScript too', async () => {
    const list = `array[${scopes.map((scope) => `'${scope}'`).join(', ')}]`;
    expect(await codeOf(as(world.ann, call(good[0], good[1], list, good[3])))).toBeUndefined();
    const { rows } = await admin.query<{ text: string }>(
      `select pg_get_constraintdef(oid) as text from pg_constraint where conrelid = 'registry.api_keys'::regclass and conname like '%scopes%'`,
    );
    expect(rows.flatMap(({ text }) => text.match(/\w+:(?:read|write|\*)/g) ?? []).sort()).toEqual(
      [...scopes].sort(),
    );
  });

  test.each([
    ['issue', call(...good)],
    ['list', 'select * from tenancy.api_keys()'],
    ['revoke', `select tenancy.revoke_api_key(gen_random_uuid())`],
  ])('a member, and an API key, that would %s keys', async (_what, statement) => {
    expect(await codeOf(as(world.bob, statement))).toBe('42501');
    expect(await codeOf(as(world.ann, statement, { 'x-hasura-scopes': 'graphql:*' }))).toBe(
      '42501',
    );
    expect(await codeOf(as(world.ann, statement))).toBeUndefined();
  });

  test("another tenant's admin, who neither sees nor ends a key", async () => {
    const key = await issue(world.gus);
    expect(await as(world.ann, `select id from tenancy.api_keys() where id = '${key.id}'`)).toEqual(
      [],
    );
    expect(await as(world.ann, `select tenancy.revoke_api_key('${key.id}') as done`)).toEqual([
      { done: false },
    ]);
    expect(await verify(key)).toMatchObject([{ state: 'active', tenant_id: world.globex.id }]);
  });

  test.each([
    ['strata_authenticator', ['set role strata_tenant']],
    ['strata_authenticator', ['set role strata_anon']],
    ['strata_hasura', []],
    ['strata_app', []],
    ['strata_auditor', []],
    ['strata_guard', []],
    ['strata_dispatcher', []],
    ['strata_sessions', []],
    ['strata_admin_page', []],
    ['strata_migrator', []],
  ])('%s %j, who would read or write the table or ask as the guard', async (login, setUp) => {
    const client = await server.connect(login, 'keys');
    for (const statement of [...setUp, jwt(world.ann)]) await client.query(statement);
    const attempts = [
      'select * from registry.api_keys',
      'select id from registry.api_keys',
      'update registry.api_keys set revoked_at = null',
      'delete from registry.api_key_usage',
      'select * from registry.tenants',
      ...(login === 'strata_guard'
        ? ['select tenancy.api_keys()', call(...good), 'select tenancy.is_tenant_admin()']
        : [
            `select * from tenancy.verify_api_key('${world.acme.id}', '')`,
            `select * from tenancy.find_tenant('${world.acme.id}')`,
            `select tenancy.count_api_key_uses('{}', '{}')`,
          ]),
    ];
    const codes = [];
    for (const attempt of attempts) codes.push(await codeOf(client.query(attempt)));
    expect(codes).toEqual(attempts.map(() => '42501'));
    await client.query('reset role');
  });

  test('the owner, who sees and ends no key, and maintenance, who sees no hash', async () => {
    const client = await server.connect('strata_migrator', 'keys');
    await client.query('set role strata_owner');
    const seen = await client.query('select secret_hash from registry.api_keys');
    const changed = await client.query('update registry.api_keys set revoked_at = null');
    expect([seen.rowCount, changed.rowCount]).toEqual([0, 0]);
    await client.query('set role strata_maintenance');
    expect(await codeOf(client.query('select secret_hash from registry.api_keys'))).toBe('42501');
    expect(
      await codeOf(client.query(`update registry.api_keys set scopes = array['graphql:*']`)),
    ).toBe('42501');
    expect((await client.query('select id, name from registry.api_keys')).rowCount).toBeGreaterThan(
      0,
    );
  });
});
