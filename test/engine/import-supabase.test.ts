import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer, type Server } from '../sql/support/server';
import { sql, whyNoEngine, type Outputs } from '../support/engine';
import { Workspace } from '../support/workspace';
import { ids, standInProject } from '../tenancy/support/supabase-project';

const reason = await whyNoEngine();

let workspace: Workspace;
let project: Server;

describe.skipIf(reason)('a stand-in for a Supabase project comes to a deployed platform', () => {
  beforeAll(async () => {
    [workspace, project] = await Promise.all([Workspace.create(), startServer()]);
    await standInProject(project, 'cloud');
    await workspace.succeed('up');
  });

  afterAll(async () => {
    await project.stop();
    await workspace.dispose();
  });

  test('by its plan, by its copy, and by the import of each tenant', async () => {
    workspace.write(
      'slugs.json',
      JSON.stringify({ [ids.acme]: 'rockets', [ids.globex]: 'storms' }),
    );
    const command = [
      ...['import-supabase', '--url', project.url('postgres', 'cloud')],
      ...['--tenant-column', 'org_id', '--members', 'memberships', '--tenants', 'slugs.json'],
    ];
    const planned = await workspace.succeed(...command);
    expect(planned).toContain('public.notes');
    expect(planned).toContain('Nothing was written.');

    const copied = await workspace.succeed(...command, '--out', 'moving');
    expect(copied).toContain('npm run tenants -- import moving/rockets');
    for (const slug of ['rockets', 'storms']) {
      await workspace.succeed('tenants', 'import', `moving/${slug}`);
    }
    const outputs = await workspace.outputs<Outputs>();
    const counts = await sql(
      outputs,
      `select t.slug, count(*)::int as notes from app.notes n join registry.tenants t on t.id = n.tenant_id
       where t.slug in ('rockets', 'storms') group by 1 order by 1`,
    );
    expect(counts).toEqual([
      { slug: 'rockets', notes: 50 },
      { slug: 'storms', notes: 1 },
    ]);
    const again = await workspace.run('tenants', 'import', 'moving/storms');
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('is here already');
  });
});
