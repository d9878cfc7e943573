import type { ContainerInspectInfo } from 'dockerode';
import { request } from 'node:https';
import path from 'node:path';
import { stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compose, findCompose } from '../support/compose';
import { containersNamed, engine, removeAll } from '../support/docker';
import { dockerConfig, whyNoPlatform } from '../support/lab';
import { Workspace } from '../support/workspace';

const found = findCompose();
const reason = 'reason' in found ? found.reason : await whyNoPlatform();
const words = 'words' in found ? found.words : [];
const project = 't-compose-live';

let workspace: Workspace;
let folder: string;
let config: Record<string, unknown>;

async function render(more: Record<string, unknown> = {}): Promise<void> {
  workspace.write('Pulumi.bundle.yaml', stringify({ config: { ...config, ...more } }));
  await workspace.succeed('render', 'compose', '--stack', 'bundle', '--out', folder);
}

function run(...args: string[]): string {
  return compose(words, folder, '--project-name', project, ...args);
}

function up(): void {
  run('up', '--detach', '--build', '--wait');
}

async function inspected(service: string): Promise<ContainerInspectInfo> {
  return engine.getContainer(`${project}-${service}-1`).inspect();
}

/** The id of each container of the project that keeps running. */
async function running(): Promise<Record<string, string>> {
  const all = await engine.listContainers({ filters: { name: [`^/${project}-`] } });
  return Object.fromEntries(all.map(({ Id, Names: [name = ''] }) => [name.slice(1), Id]));
}

/** What the gateway answers, whatever its certificate. */
function status(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { rejectUnauthorized: false, method: 'POST' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe.skipIf(reason)(
  `a bundle under Docker Compose${reason ? ` (skipped: ${reason})` : ''}`,
  () => {
    beforeAll(async () => {
      await removeAll(project);
      workspace = await Workspace.create();
      folder = workspace.path('bundle');
      config = await dockerConfig();
      await render();
      up();
    });

    afterAll(async () => {
      run('down', '--volumes', '--rmi', 'local', '--timeout', '2');
      await removeAll(project);
      await workspace.dispose();
    });

    test('is healthy, and refuses strangers at its gateway', async () => {
      const here = (await containersNamed(project)).map((name) => name.slice(project.length + 1));
      expect(here).toEqual([
        'database-1',
        'gateway-1',
        'gateway.ready-1',
        'graphql-1',
        'guard-1',
        'pooler-1',
        'pooler-registry-1',
        'pooler.ready-1',
        'redis-1',
        'schema-1',
        'strata.files-1',
        'strata.ready-1',
        'tenants-1',
      ]);
      const { ports } = config['strata:gateway'] as { ports: { https: number } };
      expect(await status(`https://localhost:${ports.https}/graphql`)).toBe(401);
    });

    test('keeps files and data for the user of each service', () => {
      const listed = run(
        'exec',
        'redis',
        'stat',
        '-c',
        '%u:%g %a %n',
        '/data',
        '/run/strata/secrets/MONITOR_PASSWORD',
      );
      expect(listed.trim().split('\n')).toEqual([
        '999:999 755 /data',
        '999:999 400 /run/strata/secrets/MONITOR_PASSWORD',
      ]);
      expect(() =>
        run('exec', 'redis', 'sh', '-c', 'echo x > /run/strata/secrets/MONITOR_PASSWORD'),
      ).toThrow(/Read-only file system/);
    });

    test('shows no secret to whoever inspects its containers', async () => {
      const kept = JSON.parse(workspace.read(path.join('bundle', 'secrets.json'))) as {
        passwords: Record<string, string>;
      };
      const shown = JSON.stringify(
        await Promise.all(
          ['database', 'redis', 'guard', 'graphql', 'gateway', 'schema', 'strata.files'].map(
            inspected,
          ),
        ),
      );
      const leaks = Object.entries(kept.passwords).filter(([, value]) => shown.includes(value));
      expect(leaks.map(([name]) => name)).toEqual([]);
    });

    test('a second start changes nothing, and a changed file starts its service alone', async () => {
      const before = await running();
      await render();
      up();
      expect(await running()).toEqual(before);

      await render({ 'strata:limits': { graphql: { maxDepth: 7 } } });
      up();
      const after = await running();
      const replaced = Object.keys(after).filter((name) => after[name] !== before[name]);
      expect(replaced).toEqual([`${project}-guard-1`]);
      expect(run('exec', 'guard', 'cat', '/run/strata/files/guard.json')).toContain(
        '"maxDepth": 7',
      );
    });

    test('data outlives its containers', async () => {
      const query = ['exec', 'database', 'psql', '-XAtqU', 'postgres', '-d', 'strata', '-c'];
      const tenants = (): string => run(...query, 'select slug from registry.tenants');
      expect(tenants().trim()).toBe('acme');
      run('down', '--timeout', '5');
      expect(await containersNamed(project)).toEqual([]);
      up();
      expect(tenants().trim()).toBe('acme');
    });
  },
);
