import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { placeOf } from '../../components/tenancy/places';
import { tenantsCommand } from '../../engine/commands/tenants';
import { asMaintenance } from '../../provider/database/connect';
import { beginMove } from '../../provider/tenancy/move-journal';
import { findTenant } from '../../provider/tenancy/registry';
import type { Platform } from '../../provider/tenancy/provision';
import { startServer, type Server } from '../sql/support/server';
import { runCommand, type Outcome } from '../support/command';
import { notesOf } from './support/caller';
import { deployCluster, master, planWith, platformOf } from './support/platform';

let server: Server;
let platform: Platform;
let folder: string;
let logins: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'strata-tenants-command-'));
  logins = path.join(folder, 'logins');
  writeFileSync(logins, `${master}\n`, { mode: 0o600 });
  server = await startServer();
  const plan = planWith();
  await deployCluster(server, plan);
  platform = platformOf({ main: server }, plan);
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

const bare = (...args: string[]): Promise<Outcome> => runCommand(tenantsCommand(), ...args);
const run = (...args: string[]): Promise<Outcome> =>
  bare(...args, '--url', server.url('strata_migrator', 'strata'), '--logins', logins);
const parsed = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { stdout, error } = await run(...args, '--json');
  expect(error).toBeUndefined();
  return JSON.parse(stdout) as Record<string, unknown>;
};

describe('npm run tenants', () => {
  test.each(['shared', 'schema', 'database'] as const)(
    'makes, changes, suspends and resumes a tenant of model %s',
    async (model) => {
      const slug = `cli-${model}`;
      const made = await parsed(
        ...['create', slug, '--model', model, '--admin', 'ann', '--member', 'bob'],
        ...['--name', 'By command', '--storage', '2G', '--statement-timeout', '1500'],
      );
      expect(made).toEqual({
        id: expect.any(String) as string,
        slug,
        name: 'By command',
        model,
        shard: 'main',
        status: 'active',
        generation: 1,
        schemaVersion: model === 'shared' ? null : (expect.any(String) as string),
        createdAt: expect.any(String) as string,
        movingTo: null,
        limits: {
          maxConnections: null,
          statementTimeoutMs: 1500,
          storageBytes: 2 * 2 ** 30,
          requestsPerMinute: null,
        },
      });
      expect(await notesOf(server, await findTenant(platform.clusters, slug))).toEqual([]);
      expect((await run('suspend', slug)).stdout).toBe(`${slug} is suspended.\n`);
      expect((await run('resume', String(made.id))).stdout).toBe(`${slug} is active.\n`);
      const limits = (
        await parsed('configure', slug, '--storage', 'usual', '--requests-per-minute', '90')
      ).limits;
      expect(limits).toEqual({
        maxConnections: null,
        statementTimeoutMs: 1500,
        storageBytes: null,
        requestsPerMinute: 90,
      });
      const { stdout } = await run('list');
      expect(stdout).toMatch(
        new RegExp(`${slug} +${model} +main +active +\\w+ +- +1500 ms +- +90 +By command`),
      );
      const listed = JSON.parse((await run('list', '--json')).stdout) as { slug: string }[];
      expect(listed.filter((one) => one.slug === slug)).toEqual([
        {
          ...made,
          limits: { ...(made.limits as object), storageBytes: null, requestsPerMinute: 90 },
        },
      ]);
    },
  );

  test('changes who belongs to a tenant, here and in its own database, all or nothing', async () => {
    await run('create', 'people', '--model', 'database', '--admin', 'ann', '--member', 'bob');
    const { id } = await findTenant(platform.clusters, 'people');
    const members = async (database: string): Promise<string[]> => {
      const client = await server.connect('postgres', database);
      const { rows } = await client.query<{ who: string }>(
        `select u.handle || ' ' || m.role as who from registry.members m join registry.users u on u.id = m.user_id
         where m.tenant_id = $1 order by 1`,
        [id],
      );
      return rows.map(({ who }) => who);
    };
    const both = async (): Promise<string[][]> =>
      Promise.all(['strata', placeOf(id, 'database', 'main').database].map(members));
    await run('configure', 'people', '--admin', 'bob', '--member', 'zoe', '--remove', 'ann');
    const now = ['bob admin', 'zoe member'];
    expect(await both()).toEqual([now, now]);
    // Done again, as after an interruption.
    expect((await run('configure', 'people', '--remove', 'ann')).error).toBeUndefined();
    const { error } = await run('configure', 'people', '--member', 'eve', '--remove', 'bob');
    expect(error).toBe(
      'people stays as it is:\n  - it would have no admin, so nobody could manage it',
    );
    expect(await both()).toEqual([now, now]);
  });

  test('says of an export that was killed that it was not finished', async () => {
    const out = path.join(folder, 'killed');
    await run('export', 'cli-shared', '--out', out);
    rmSync(path.join(out, 'manifest.json'));
    for (const args of [
      ['export', 'cli-shared', '--out', out],
      ['import', out],
    ]) {
      expect((await run(...args)).error).toMatch(
        /killed holds an export that was not finished: remove it/,
      );
    }
  });

  test('shows a move that was interrupted, and exports nothing for a deletion before it has ended', async () => {
    await run('create', 'halfway', '--model', 'schema', '--admin', 'ann');
    const tenant = await findTenant(platform.clusters, 'halfway');
    await beginMove(platform.clusters, tenant, placeOf(tenant.id, 'database', 'main'));
    expect((await run('list')).stdout).toMatch(/halfway .* active, moving to database on main /);
    const gone = path.join(folder, 'not-yet');
    expect((await run('delete', 'halfway', '--folder', gone)).error).toBe(
      'halfway is being moved: finish that first (npm run tenants -- move halfway --model database --shard main)',
    );
    expect(existsSync(gone)).toBe(false);
  });

  test('rotates a login, and says nothing of its password', async () => {
    await run('create', 'rotated', '--model', 'database', '--admin', 'ann');
    const { stdout } = await run('configure', 'rotated', '--rotate-login', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ generation: 2 });
    expect(stdout).not.toContain(master);
    expect(stdout).not.toMatch(/[0-9a-f]{64}/);
  });

  test.each<[string, string[], RegExp]>([
    ['nobody who manages it', ['create', 'x'], /required option '--admin/],
    [
      'an unknown model',
      ['create', 'x', '--admin', 'a', '--model', 'scheme'],
      /Allowed choices are shared/,
    ],
    [
      'everything that is wrong at once',
      ['create', 'Www', '--admin', ' ', '--shard', 'moon', '--connections', '501'],
      /the slug "Www"[^]*the member " "[^]*connections: 501[^]*no shard "moon"; shards with room: main/,
    ],
    [
      'a size that is none',
      ['create', 'x', '--admin', 'a', '--storage', '2T'],
      /such as 500M or 20G, 1048576G at most/,
    ],
    [
      'a number that no computer has',
      ['configure', 'cli-shared', '--statement-timeout', '9'.repeat(20)],
      /a whole number from 100 to 3600000/,
    ],
    ['a slug that ends in -', ['create', 'tail-', '--admin', 'a'], /not - at the end/],
    [
      'no slug',
      ['create', '', '--admin', 'a'],
      /^Tenant \(no name\) is not made:\n {2}- the slug ""[^\n]*$/,
    ],
    [
      'connections of shared tables',
      ['create', 'x', '--admin', 'a', '--model', 'shared', '--connections', '5'],
      /its model is shared: connections are limited/,
    ],
    ['a tenant without a name', ['suspend', ''], /^Unknown tenant ""\.\n/],
    [
      'an export to where no folder can be',
      ['export', 'cli-shared', '--out', '/proc/nowhere/x'],
      /the folder \/proc\/nowhere cannot be made/,
    ],
    [
      'an export into a file',
      ['export', 'cli-shared', '--out', 'README.md'],
      /README\.md is no folder/,
    ],
    [
      'to forget a stranger',
      ['anonymise', 'cli-shared', '--person', 'nobody'],
      /cli-shared has no member "nobody"\. Its members: ann, bob/,
    ],
    ['to leave nobody who manages it', ['configure', 'cli-shared', '--remove', 'ann'], /no admin/],
    [
      'somebody who comes and goes',
      ['configure', 'cli-shared', '--remove', 'bob', '--admin', 'bob'],
      /"bob" is named twice/,
    ],
    [
      'an unknown tenant',
      ['suspend', 'cli-shard'],
      /Unknown tenant "cli-shard"\. Did you mean "cli-shared"/,
    ],
    ['nothing to change', ['configure', 'cli-shared'], /Nothing to change of cli-shared/],
    [
      'a login that is not there',
      ['configure', 'cli-schema', '--rotate-login'],
      /its model is schema: it has no login/,
    ],
    ['a move to nowhere', ['move', 'cli-shared'], /Where to\?/],
    [
      'an export of nobody',
      ['export', 'nobody', '--out', '/nonexistent/x'],
      /Unknown tenant "nobody"/,
    ],
    ['a name without a copy', ['import', '/nonexistent', '--name', 'x'], /needs --as/],
    [
      'a deletion after no export',
      ['delete', 'cli-shared', '--folder', '/nonexistent', '--token', 'x'],
      /nonexistent/,
    ],
  ])('refuses %s', async (_what, args, says) => {
    const { stdout, error } = await run(...args);
    expect([stdout, error]).toEqual(['', expect.stringMatching(says)]);
  });

  test('asks for the secret of logins, and takes no empty one', async () => {
    const url = server.url('strata_migrator', 'strata');
    const without = await bare('suspend', 'cli-shared', '--url', url);
    expect(without.error).toBe(
      'With --url the platform’s secret tenant-logins is needed too: --logins <file>',
    );
    const empty = path.join(folder, 'empty');
    writeFileSync(empty, '\n');
    const emptied = await bare('suspend', 'cli-shared', '--url', url, '--logins', empty);
    expect(emptied.error).toBe(`${empty} holds no secret: 16 characters at least`);
    expect((await bare('list', '--url', url)).error).toBeUndefined();
  });

  test('shows who is behind, and brings nobody further who is not', async () => {
    expect((await run('status')).stdout).not.toBe('');
    expect((await run('migrate', '--json')).error).toBeUndefined();
    expect(await parsed('status')).toMatchObject({ behind: 0 });
    process.exitCode = 0;
  });

  test('copies a tenant, moves it, and deletes it in two steps', async () => {
    await run('create', 'whole', '--model', 'schema', '--admin', 'ann');
    const out = path.join(folder, 'whole');
    expect(await parsed('export', 'whole', '--out', out)).toMatchObject({ tenant: 'whole' });
    expect((await run('import', out, '--as', 'Upper')).error).toMatch(
      /the slug "Upper" is not allowed/,
    );
    const changed = path.join(out, 'manifest.json');
    const text = readFileSync(changed, 'utf8');
    const told = JSON.parse(text) as { tenant: object };
    const evil = { ...told.tenant, slug: 'admin', name: 'Evil\u001b[31m\nrow two' };
    writeFileSync(changed, JSON.stringify({ ...told, tenant: evil }));
    expect((await run('import', out)).error).toMatch(
      /"Evil\\u001b\[31m\\nrow two" cannot be shown\n.*the slug admin is reserved/,
    );
    writeFileSync(changed, text);
    await asMaintenance(server.url('strata_migrator', 'strata'), (client) =>
      client.query("update registry.shards set status = 'full' where name = 'main'"),
    );
    expect((await run('import', out, '--as', 'copy')).error).toMatch(/the shard main is full/);
    await asMaintenance(server.url('strata_migrator', 'strata'), (client) =>
      client.query("update registry.shards set status = 'open' where name = 'main'"),
    );
    expect((await run('import', out)).error).toMatch(
      /another slug \(--as\) makes a copy beside it/,
    );
    const copy = await parsed('import', out, '--as', 'copy', '--model', 'database');
    expect([copy.slug, copy.model, copy.status]).toEqual(['copy', 'database', 'active']);
    await parsed('move', 'copy', '--model', 'schema', '--grace', '5');
    expect((await findTenant(platform.clusters, 'copy')).model).toBe('schema');
    const gone = path.join(folder, 'gone');
    const { stdout: token } = await run('delete', 'copy', '--folder', gone);
    expect((await findTenant(platform.clusters, 'copy')).status).toBe('active');
    expect((await run('delete', 'copy', '--folder', gone, '--token', 'wrong')).error).toMatch(
      /token/,
    );
    const deleted = await run('delete', 'copy', '--folder', gone, '--token', token.trim());
    expect(deleted.error).toBeUndefined();
    expect(deleted.stdout).toMatch(/^copy is deleted and nothing of it was found any more/);
    await expect(findTenant(platform.clusters, 'copy')).rejects.toThrow('Unknown tenant');
  });
});
