import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tenantPassword } from '../../components/tenancy/login';
import { placeOf, tenantRole } from '../../components/tenancy/places';
import { configureTenant, suspendTenant } from '../../provider/tenancy/lifecycle';
import { beginMove, endMove } from '../../provider/tenancy/move-journal';
import { findTenant } from '../../provider/tenancy/registry';
import { enterAs, notesOf } from './support/caller';
import { OneCluster } from './support/one-cluster';
import { master } from './support/platform';

let one: OneCluster;

beforeAll(async () => {
  one = await OneCluster.start();
});

afterAll(() => one.stop());

let slug = '';
let count = 0;
beforeEach(() => {
  slug = `tenant-${String((count += 1))}`;
});

describe('sessions of a login', () => {
  test('end when its tenant is suspended, and no other ones do', async () => {
    const tenant = await one.make(slug, 'database');
    const other = await one.make('other', 'database');
    const session = await enterAs(one.server, tenant);
    const spared = await enterAs(one.server, other);
    await suspendTenant(one.platform, slug);
    await expect(session.query('select 1')).rejects.toThrow(/terminat|onnection/);
    expect((await spared.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await spared.end();
  });

  test('have the limits of the tenant: how many there are, and how long a statement takes', async () => {
    const tenant = await one.make(slug, 'database');
    await configureTenant(one.platform, slug, {
      limits: { maxConnections: 2, statementTimeoutMs: 1_000 },
    });
    const [first, second] = [await enterAs(one.server, tenant), await enterAs(one.server, tenant)];
    await expect(enterAs(one.server, tenant)).rejects.toThrow(/too many connections for role/);
    await expect(first.query('select pg_sleep(20)')).rejects.toThrow(/statement timeout/);
    await Promise.all([first.end(), second.end()]);
  });

  test('end with the old password, which is no longer one', async () => {
    const tenant = await one.make(slug, 'database');
    const login = tenantRole(tenant.id);
    expect(await isPassword(login, tenantPassword(master, tenant.id, 1))).toBe(true);
    const session = await enterAs(one.server, tenant);
    const rotated = await configureTenant(one.platform, slug, { rotateLogin: true });
    expect(rotated).toEqual({ ...tenant, generation: 2 });
    await expect(session.query('select 1')).rejects.toThrow(/terminat|onnection/);
    expect(await isPassword(login, tenantPassword(master, tenant.id, 1))).toBe(false);
    expect(await isPassword(login, tenantPassword(master, tenant.id, 2))).toBe(true);
    expect(await notesOf(one.server, tenant)).toEqual([]);
  });

  test('keep their password until a move is over, and whoever asks for another one is told so', async () => {
    const { clusters } = one.platform;
    const tenant = await one.make(slug, 'database');
    await beginMove(clusters, tenant, placeOf(tenant.id, 'schema', 'main'));
    const rotate = () => configureTenant(one.platform, slug, { rotateLogin: true, name: 'New' });
    await expect(rotate()).rejects.toThrow(`${slug} is being moved: finish that first`);
    const movingTo = { model: 'schema', shard: 'main' };
    expect(await findTenant(clusters, slug)).toEqual({ ...tenant, movingTo });
    await configureTenant(one.platform, slug, { name: 'New' });
    await endMove(clusters, tenant.id);
    expect(await rotate()).toEqual({ ...tenant, name: 'New', generation: 2 });
  });

  test('are none of a tenant that has no login, in words', async () => {
    await one.make(slug, 'schema');
    await expect(
      configureTenant(one.platform, slug, {
        rotateLogin: true,
        limits: { maxConnections: 3 },
        name: '',
      }),
    ).rejects.toThrow(
      `${slug} stays as it is:\n` +
        '  - the name "" is not allowed: a name of 1 to 100 printable characters\n' +
        '  - its model is schema: it has no login whose password could change\n' +
        '  - its model is schema: connections are limited where a tenant has a database of its own',
    );
  });
});

describe('what holds a login', () => {
  const questions = (id: string): readonly (readonly [string, string])[] => [
    ['hold_tenant_login', `select strata.hold_tenant_login('${id}', true, null, null)`],
    ['end_tenant_sessions', `select strata.end_tenant_sessions('${id}')`],
  ];

  test.each([
    'strata_authenticator',
    'strata_app',
    'strata_hasura',
    'strata_guard',
    'strata_dispatcher',
    'strata_sessions',
    'strata_admin_page',
    'strata_pooler',
    'strata_auditor',
    'strata_monitor',
    'strata_oauth',
    'strata_realtime',
  ])('is nothing for %s', async (login) => {
    const tenant = await one.make(`held-${login.slice(7).replace('_', '-')}`, 'database');
    const client = await one.server.connect(login, 'strata').catch(() => undefined);
    for (const [name, question] of questions(tenant.id)) {
      const said = await client
        ?.query(question)
        .catch((error: unknown) => (error as Error).message);
      // Whoever may not connect at all has not even been refused.
      if (client)
        expect(said).toMatch(new RegExp(`permission denied for (function ${name}|schema)`));
    }
    await client?.end();
  });

  test('opens no role of a schema as a login', async () => {
    const tenant = await one.make(slug, 'schema');
    const migrator = await one.server.connect('strata_migrator', 'strata');
    const hold = questions(tenant.id)[0]?.[1] ?? '';
    await expect(migrator.query(hold)).rejects.toThrow('this tenant has no login of its own');
    const { rows } = await one.admin.query('select rolcanlogin from pg_roles where rolname = $1', [
      tenantRole(tenant.id),
    ]);
    expect(rows).toEqual([{ rolcanlogin: false }]);
    await migrator.end();
  });
});

/** Whether Postgres would let somebody in with it (RFC 5802: the stored key is the hash of the client's key). */
async function isPassword(role: string, password: string): Promise<boolean> {
  const { rows } = await one.admin.query<{ verifier: string }>(
    'select rolpassword as verifier from pg_authid where rolname = $1',
    [role],
  );
  const [, iterations, salt = '', stored] =
    /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):/.exec(rows[0]?.verifier ?? '') ?? [];
  const salted = pbkdf2Sync(
    password,
    Buffer.from(salt, 'base64'),
    Number(iterations),
    32,
    'sha256',
  );
  const key = createHmac('sha256', salted).update('Client Key').digest();
  return createHash('sha256').update(key).digest('base64') === stored;
}
