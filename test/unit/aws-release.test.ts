import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { writeArchive } from '../../components/targets/aws/release/archive';
import { bundleEntries } from '../../components/targets/aws/release/bundle';
import { userData } from '../../components/targets/aws/release/user-data';
import { sourcesOf, valueName } from '../../components/targets/aws/release/values';
import { apart } from '../../components/tiers/placement';
import { root } from '../../engine/root';
import { bundled } from '../../engine/compose/bundle';
import type { Entry } from '../../provider/docker/context';
import { parseCompose } from '../support/compose';
import { settingsOf } from '../support/platform';

const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-release-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const all = bundled(settingsOf({ target: 'docker', preset: 'minimal' }));
const [database, ...others] = all.services;
if (database?.kind !== 'workload') throw new Error('the database comes first');
const { data } = apart({ database, services: others });
const args = { stack: 'test', services: data, schemaVersion: '1', nodeImage: 'node:22' };
const entries = bundleEntries(args);

function text(name: string): string {
  const found = entries.find((entry) => entry.name === name);
  if (found?.type !== 'file' || !Buffer.isBuffer(found.content)) throw new Error(`no ${name}`);
  return found.content.toString();
}

type Templates = Readonly<
  Record<string, { files: Readonly<Record<string, readonly (string | { value: string })[]>> }>
>;

describe('a bundle for a server', () => {
  test('has what Compose runs, what it is filled with, what is built, and the program', () => {
    const names = entries.map(({ name }) => name).filter((name) => !name.startsWith('build/'));
    expect(names).toEqual([
      'compose.yaml',
      'server/common.py',
      'server/compose.py',
      'server/files.py',
      'server/main.py',
      'server/registry.py',
      'server/volumes.py',
      'templates.json',
    ]);
    const built = data.filter(({ image }) => image === undefined).map(({ name }) => name);
    expect(built).toContain('schema');
    for (const name of built) {
      expect(entries.map((entry) => entry.name)).toContain(`build/${name}/Dockerfile`);
    }
  });

  test('leaves to the server where files and data lie, and what has changed', () => {
    const { services, volumes } = parseCompose(text('compose.yaml'));
    const bind = { type: 'none', o: 'bind' };
    expect(volumes['database-1']).toEqual({
      driver: 'local',
      driver_opts: { ...bind, device: '${STRATA_DATA}/database/data' },
    });
    expect(volumes['run-redis']).toEqual({
      driver: 'local',
      driver_opts: { ...bind, device: '${STRATA_FILES}/redis' },
    });
    expect(services.database?.labels?.['strata.revision']).toBe('${REVISION_DATABASE}');
  });

  test('asks for each value by a name that its secret has', () => {
    const templates = JSON.parse(text('templates.json')) as Templates;
    const asked = Object.values(templates).flatMap(({ files }) =>
      Object.values(files)
        .flat()
        .flatMap((piece) => (typeof piece === 'string' ? [] : [piece.value])),
    );
    expect(asked.length).toBeGreaterThan(5);
    expect([...new Set(asked)].sort()).toEqual(Object.keys(sourcesOf(data)));
    expect(Object.keys(templates)).toContain('database');
  });

  test('names a source the same however it is written', () => {
    expect(valueName({ certificate: 'gateway', part: 'key' })).toBe('certificate:gateway part:key');
    expect(valueName({ part: 'key', certificate: 'gateway' })).toBe('certificate:gateway part:key');
    expect(valueName({ database: 'strata_app' })).not.toBe(
      valueName({ database: 'strata_app', direct: true }),
    );
  });
});

describe('an archive', () => {
  const file = (name: string, content: string): Entry => ({
    name,
    type: 'file',
    executable: false,
    content: Buffer.from(content),
  });

  test('is the same bytes for the same entries, whenever it is written', async () => {
    const same = [file('a', '1'), file(`${'long/'.repeat(40)}b`, '2')];
    const first = await writeArchive(same, path.join(folder, 'first.tar'));
    const second = await writeArchive(same, path.join(folder, 'second.tar'));
    expect(second.sha256).toBe(first.sha256);
    expect(readFileSync(second.file).equals(readFileSync(first.file))).toBe(true);
    // Written down: what differs between machines would differ from it.
    expect(first.sha256).toBe('407d9454aac610739d51fa2ebd587462fdf9391f65d98425a4599a712603871b');
    const changed = await writeArchive([file('a', '3')], path.join(folder, 'first.tar'));
    expect(changed.sha256).not.toBe(first.sha256);
  });
});

describe('the user data of a server', () => {
  const given = { region: 'eu-central-1', bucket: 'releases', group: 'app' };
  const made = userData(given);

  test('is small enough for EC2', () => {
    expect(Buffer.byteLength(made)).toBeLessThan(16 * 1024);
  });

  test('tells a server of a scaling group what it starts with, and others nothing', () => {
    const config = (written: string): unknown => {
      const { write_files: files } = parse(written) as {
        write_files: { path: string; content: string }[];
      };
      return JSON.parse(files.find((one) => one.path.endsWith('release.json'))?.content ?? '');
    };
    expect(config(made)).toEqual({
      region: 'eu-central-1',
      bucket: 'releases',
      manifest: 'releases/app.json',
    });
    const scalingGroup = 'strata-prod-app';
    expect(config(userData({ ...given, version: 'v1', scalingGroup }))).toMatchObject({
      version: 'v1',
      hook: { group: 'strata-prod-app', name: 'ready' },
    });
  });

  test('carries the program as it stands', () => {
    const { write_files: files } = parse(made) as {
      write_files: { path: string; content: string; permissions: string }[];
    };
    expect(files.find(({ path: name }) => name === '/usr/local/bin/strata-release')).toEqual({
      path: '/usr/local/bin/strata-release',
      permissions: '0755',
      content: readFileSync(
        path.join(root, 'components/targets/aws/release/server/strata-release'),
        'utf8',
      ),
    });
  });

  const missing = spawnSync('cloud-init', ['--version']).error;
  test.skipIf(missing)(
    `is what cloud-init takes${missing ? ' (skipped: no cloud-init)' : ''}`,
    () => {
      const written = path.join(folder, 'user-data');
      writeFileSync(written, made);
      const said = spawnSync('cloud-init', ['schema', '--config-file', written], {
        encoding: 'utf8',
      });
      expect(said.stdout + said.stderr).toContain('Valid');
      expect(said.status).toBe(0);
    },
  );
});

test('the program on the server is Python that can be read', () => {
  const place = path.join(root, 'components/targets/aws/release/server');
  const check =
    'import ast, pathlib, sys\nfor f in pathlib.Path(sys.argv[1]).iterdir(): ast.parse(f.read_text())';
  const said = spawnSync('python3', ['-c', check, place], { encoding: 'utf8' });
  expect(said.stderr).toBe('');
});
