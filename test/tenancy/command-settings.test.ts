import { cpSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Workspace, type Ran } from '../support/workspace';
import { OneCluster } from './support/one-cluster';
import { master } from './support/platform';

let one: OneCluster;
let workspace: Workspace;

beforeAll(async () => {
  one = await OneCluster.start();
  workspace = await Workspace.create();
  cpSync(workspace.path('app'), workspace.path('theirs'), { recursive: true });
  workspace.write('theirs/sql/900_theirs.sql', "comment on table notes is 'theirs';\n");
  workspace.configure({ 'strata:app': './theirs', 'strata:tenancy': { model: 'schema' } });
  writeFileSync(workspace.path('logins'), master);
});

afterAll(async () => {
  await workspace.dispose();
  await one.stop();
});

const run = (...args: string[]): Promise<Ran> =>
  workspace.run(...args, '--url', one.server.url('strata_migrator', 'strata'));
const tenants = async (...args: string[]): Promise<unknown> => {
  const { stdout, stderr } = await run('tenants', ...args, '--logins', 'logins', '--json');
  return stdout === '' ? stderr : (JSON.parse(stdout) as unknown);
};

describe('what an option does not say, the settings of the stack do', () => {
  test('the model of a tenant that is made or imported', async () => {
    const made = (...more: string[]): Promise<unknown> =>
      tenants('create', ...more, '--admin', 'ann');
    expect(await made('usual')).toMatchObject({ slug: 'usual', model: 'schema' });
    expect(await made('own', '--model', 'shared')).toMatchObject({ slug: 'own', model: 'shared' });
    await tenants('export', 'own', '--out', 'copy');
    const imported = (...more: string[]): Promise<unknown> => tenants('import', 'copy', ...more);
    expect(await imported('--as', 'again')).toMatchObject({ slug: 'again', model: 'schema' });
    expect(await imported('--as', 'other', '--model', 'database')).toMatchObject({
      slug: 'other',
      model: 'database',
    });
  });

  test('whether an API serves a tenant that is made', async () => {
    const narrow = await Workspace.create();
    try {
      narrow.configure({
        'strata:target': 'docker',
        'strata:services': { graphql: { enabled: false }, postgrest: { enabled: true } },
      });
      writeFileSync(narrow.path('logins'), master);
      const made = (slug: string, model: string): Promise<Ran> =>
        narrow.run(
          ...['tenants', 'create', slug, '--model', model, '--admin', 'ann', '--logins', 'logins'],
          ...['--url', one.server.url('strata_migrator', 'strata')],
        );
      const refused = await made('unserved', 'schema');
      expect([refused.code, refused.stdout, refused.stderr]).toEqual([
        1,
        '',
        expect.stringContaining(
          'Tenant unserved is not made:\n  - it is a tenant whose tables postgrest cannot serve: model schema on shard main',
        ),
      ]);
      expect((await made('served', 'shared')).stdout).toMatch(/^served is active: model shared/);
    } finally {
      await narrow.dispose();
    }
  });

  test('the application that an audit expects', async () => {
    const audited = await run('audit');
    expect(audited.stdout).toContain('ledger-behind  app/900_theirs\n');
    expect((await run('audit', '--app', 'app')).stdout).not.toContain('app/900_theirs\n');
  });
});
