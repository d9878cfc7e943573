import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasuraRules } from '../../components/tenancy/hasura';
import type { TenancyDeclaration } from '../../components/tenancy/declaration';
import { hasuraFindings } from '../../provider/audit/hasura';
import { metadata, type MetadataInputs } from '../../provider/hasura/metadata';
import type { Context } from '../../provider/host/resource';
import { startServer, type Server } from '../sql/support/server';
import { HasuraStandIn } from '../support/hasura-stand-in';
import { contextFor } from '../support/local';
import { declaration, deployDeclared } from './support/declared';

let server: Server;
let hasura: HasuraStandIn;
let columns: Record<string, string[]>;
let warnings: string[];

beforeAll(async () => {
  server = await startServer();
  const admin = await deployDeclared(server, 'hasura_metadata');
  const { rows } = await admin.query<{ table: string; columns: string[] }>(
    `select attrelid::regclass::text as table, array_agg(attname::text order by attnum) as columns
     from pg_attribute join pg_class c on c.oid = attrelid
     where relnamespace = 'app'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped group by 1`,
  );
  columns = Object.fromEntries(rows.map((row) => [row.table, row.columns]));
});

afterAll(() => server.stop());

beforeEach(async () => {
  warnings = [];
  hasura = await HasuraStandIn.start('the admin secret', columns);
});

afterEach(() => hasura.stop());

const context = (): Context => ({
  ...contextFor('metadata'),
  warn: (text) => void warnings.push(text),
});

function inputs(of: TenancyDeclaration = declaration): MetadataInputs {
  return {
    endpoint: hasura.endpoint,
    adminSecret: hasura.adminSecret,
    url: server.url('strata_migrator', 'hasura_metadata'),
    cluster: 'test',
    schema: '1',
    ...hasuraRules(of),
    others: {},
    application: {},
  };
}

/** The example, in which only admins read papers. */
function edited(): TenancyDeclaration {
  const papers = { ...declaration.tables['app.papers'], read: 'admin' };
  return {
    ...declaration,
    tables: { ...declaration.tables, 'app.papers': papers },
  } as TenancyDeclaration;
}

describe('the metadata of Hasura (against a stand-in for its API)', () => {
  test('is put there as a whole, passes the audit, and then nothing differs', async () => {
    const { id, state } = await metadata.create(inputs(), context());
    const shared = Object.keys(declaration.shared ?? {});
    const own = Object.keys(declaration.tables);
    expect(hasuraFindings(hasura.metadata, own, shared)).toEqual([]);
    expect(hasura.version).toBe(2);
    expect(metadata.diff(state, inputs())).toEqual({});
    // As the engine gives them back.
    const turned = JSON.parse(JSON.stringify(inputs()), (_key, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    ) as MetadataInputs;
    expect(metadata.diff(state, turned)).toEqual({});
    expect(await metadata.read(id, state, context())).toEqual(state);
  });

  test('names in a preview the permissions that change, and nothing else', async () => {
    const { id, state } = await metadata.create(inputs(), context());
    expect(metadata.diff(state, inputs(edited()))).toEqual({
      'permissions["app.papers: tenant_member may select"]': 'update',
    });
    const after = await metadata.update?.(id, state, inputs(edited()), context());
    expect(after && metadata.diff(after, inputs(edited()))).toEqual({});
    expect(warnings).toEqual([]);
  });

  test('leaves alone what another service has tracked for itself, and permits nobody anything there', async () => {
    const others = { default: 'AUTH_DATABASE_URL' };
    const wanted = { ...inputs(), others, application: { cron_triggers: [{ name: 'nightly' }] } };
    const users = {
      table: { schema: 'auth', name: 'users' },
      configuration: { custom_name: 'users' },
    };
    const opened = { ...users, select_permissions: [{ role: 'tenant_member', permission: {} }] };
    const { id, state } = await metadata.create(wanted, context());
    const track = (table: object): void => {
      const { sources, ...rest } = hasura.metadata as { sources: { name: string }[] };
      hasura.change({
        ...rest,
        sources: sources.map((one) => (one.name === 'default' ? { ...one, tables: [table] } : one)),
      });
    };
    track(users);
    expect(await metadata.read(id, state, context())).toEqual(state);
    track(opened);
    const live = await metadata.read(id, state, context());
    expect(metadata.diff(live ?? state, wanted)).toEqual({ live: 'update' });
    const after = await metadata.update?.(id, live ?? state, wanted, context());
    expect(after).toEqual(state);
    expect(hasura.metadata).toMatchObject({
      cron_triggers: [{ name: 'nightly' }],
      sources: [{ name: 'strata' }, { name: 'default', tables: [users] }],
    });
    const [, auth] = (hasura.metadata as { sources: { tables: object[] }[] }).sources;
    expect(auth?.tables).toEqual([users]);
  });

  test('that somebody changed shows as drift and is put back, with a warning', async () => {
    const { id, state } = await metadata.create(inputs(), context());
    const before = hasura.metadata;
    hasura.change({ version: 3, sources: [] });
    const seen = await metadata.read(id, state, context());
    expect(seen && metadata.diff(seen, inputs())).toEqual({ live: 'update' });
    await metadata.update?.(id, seen ?? state, inputs(), context());
    expect(hasura.metadata).toEqual(before);
    expect(warnings).toEqual([
      'somebody else has changed the metadata: it is put back to what the program says',
    ]);
  });

  test('that somebody changes just then is read again, a few times', async () => {
    let others = 2;
    hasura.beforeReplace = () => {
      if ((others -= 1) >= 0) hasura.change({ version: 3, sources: [] });
    };
    const { state } = await metadata.create(inputs(), context());
    expect(state.live).toBe(state.applied);
    hasura.beforeReplace = () => hasura.change({ version: 3, sources: [] });
    await expect(metadata.create(inputs(), context())).rejects.toThrow(
      /Somebody else keeps changing Hasura's metadata: it was read 5 times/,
    );
  });

  test('that somebody changes right after it was put there is put there again', async () => {
    let others = 1;
    hasura.afterReplace = () => {
      if ((others -= 1) >= 0) hasura.change({ version: 3, sources: [], actions: [{}] });
    };
    const { state } = await metadata.create(inputs(), context());
    expect(JSON.stringify(hasura.metadata)).not.toContain('actions');
    expect(metadata.diff(state, inputs())).toEqual({});
  });

  test('of somebody else is replaced with a warning, and not taken out', async () => {
    hasura.change({ version: 3, sources: [], actions: [{ name: 'theirs' }] });
    const { id, state } = await metadata.create(inputs(), context());
    expect(warnings).toEqual(['what was in Hasura before, from whomever, is replaced']);
    const theirs = { version: 3, sources: [], actions: [{ name: 'theirs' }] };
    hasura.change(theirs);
    await metadata.delete(id, state, context());
    expect(hasura.metadata).toEqual(theirs);
  });

  test('is as it was recorded where a proxy answers instead, or the secret is not known yet', async () => {
    const { id, state } = await metadata.create(inputs(), context());
    const locked = { ...state, adminSecret: 'of tomorrow' };
    expect(await metadata.read(id, locked, context())).toEqual(locked);
    hasura.proxied = 503;
    expect(await metadata.read(id, state, context())).toEqual(state);
    await metadata.delete(id, state, context());
    expect(warnings.at(-1)).toMatch(/its address answers with 503: its metadata stays as it is$/);
  });

  test('that does not fit the database is refused with each object, and nothing of it stays', async () => {
    const { state } = await metadata.create(inputs(), context());
    const before = [hasura.metadata, hasura.version];
    delete columns['app.drops'];
    try {
      await expect(metadata.update?.('metadata', state, inputs(), context())).rejects.toThrow(
        'Hasura refuses it: cannot continue due to inconsistent metadata (unexpected)\n' +
          '  - table app.drops in source strata: Inconsistent object: no such table/view exists in source: "app.drops"',
      );
      expect([hasura.metadata, hasura.version]).toEqual(before);
    } finally {
      columns['app.drops'] = ['tenant_id', 'id', 'body'];
    }
  });

  test('is not shown where a hidden column is misspelt', async () => {
    const papers = { ...declaration.tables['app.papers'], hidden: ['scores'] };
    const misspelt = {
      ...declaration,
      tables: { ...declaration.tables, 'app.papers': papers },
    } as TenancyDeclaration;
    await expect(metadata.create(inputs(misspelt), context())).rejects.toThrow(
      'app.papers has no column scores, which tenancy.ts names',
    );
    expect(hasura.version).toBe(1);
  });

  test('stays what it was recorded as while nothing answers, and goes when it is taken out', async () => {
    const { id, state } = await metadata.create(inputs(), context());
    await metadata.delete(id, state, context());
    expect(hasura.metadata).toEqual({ version: 3 });
    await hasura.stop();
    expect(await metadata.read(id, state, context())).toEqual(state);
    await metadata.delete(id, state, context());
    expect(warnings).toEqual([
      expect.stringMatching(/^Hasura does not answer at http:.*: its metadata stays as it is$/),
    ]);
    await expect(metadata.create(inputs(), context())).rejects.toThrow('Hasura does not answer');
  });

  test('is refused with a wrong secret, which no message repeats', async () => {
    const wrong = { ...inputs(), adminSecret: 'a wrong one' };
    const said = await metadata.create(wrong, context()).then(String, String);
    expect(said).toContain('Hasura refuses it: invalid x-hasura-admin-secret');
    expect(said).not.toContain('a wrong one');
    expect(hasura.version).toBe(1);
  });
});
