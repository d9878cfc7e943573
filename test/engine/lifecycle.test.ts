import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backendFor } from '../../engine/backend';
import { findPulumi } from '../../engine/pulumi/find';
import { engineEnvironment } from '../../engine/pulumi/run';
import { terminal } from '../../engine/terminal';
import {
  changesIn,
  ledger,
  notes,
  sql,
  stateOf,
  whyNoEngine,
  type Outputs,
} from '../support/engine';
import { everyProcess, gone, kill, processesAbout, serversOf } from '../support/processes';
import { Workspace } from '../support/workspace';

const reason = await whyNoEngine();

let workspace: Workspace;
let outputs: Outputs;
let stackFile: string;

/** What was printed by any command, and every command line of this machine meanwhile. */
const printed: string[] = [];
const commandLines = new Set<string>();

/** Runs a command while watching the machine's command lines. */
async function watched(...args: string[]): Promise<{ code: number | null; text: string }> {
  const command = workspace.begin(...args);
  command.onLine(() => {
    for (const process of everyProcess()) commandLines.add(process.command);
  });
  const ended = await command.ended;
  printed.push(ended.text);
  return ended;
}

interface Status {
  readonly healthy: boolean;
  readonly services: { name: string; healthy: boolean; reason?: string }[];
}

async function status(): Promise<Status & { code: number | null }> {
  const { code, stdout, stderr } = await workspace.run('status', '--json');
  printed.push(stdout, stderr);
  return { code, ...(JSON.parse(stdout) as Status) };
}

function pids(): Record<string, number> {
  return { database: workspace.pid('database'), graphql: workspace.pid('graphql') };
}

/** Asserts that exactly one Postgres and one GraphQL run, as the pid files say. */
function expectBothAlone(): void {
  expect(
    serversOf(workspace.folder)
      .map(({ pid }) => pid)
      .sort(),
  ).toEqual(Object.values(pids()).sort());
}

/** Every secret of the stack, by name. */
async function secrets(): Promise<Record<string, string>> {
  const { stdout } = await workspace.run('pulumi', '--', 'stack', 'export', '--show-secrets');
  const { deployment } = JSON.parse(stdout) as {
    deployment: { resources: { type: string; urn: string; outputs: { result?: unknown } }[] };
  };
  const found = deployment.resources
    .filter(({ type }) => type === 'strata:secrets:Password')
    .map(({ urn, outputs: made }) => {
      // A secret in an export is its JSON text.
      const { plaintext } = made.result as { plaintext: string };
      return [urn.split('::').at(-1) ?? '', JSON.parse(plaintext) as string];
    });
  return Object.fromEntries(found) as Record<string, string>;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

describe.skipIf(reason)('the stack of this machine', () => {
  beforeAll(async () => {
    workspace = await Workspace.create();
    stackFile = workspace.read('Pulumi.local.yaml');
    const { code, text } = await watched('up');
    if (code !== 0) throw new Error(`the first up ended with ${String(code)}:\n${text}`);
    outputs = await workspace.outputs<Outputs>();
  });

  afterAll(() => workspace.dispose());

  test('has the outputs that scripts rely on', () => {
    const { database, graphql } = workspace.ports;
    expect(outputs).toEqual({
      tier: 'single',
      target: 'embedded',
      endpoints: {
        database: `postgresql://127.0.0.1:${String(database)}/strata`,
        graphql: `http://127.0.0.1:${String(graphql)}/graphql`,
      },
      services: {
        database: {
          kind: 'database',
          health: `tcp://127.0.0.1:${String(database)}`,
          where: 'a process of this machine',
        },
        graphql: {
          kind: 'workload',
          health: `http://127.0.0.1:${String(graphql)}/healthz`,
          where: 'a process of this machine',
        },
      },
      databases: Object.fromEntries(
        ['migrator', 'authenticator', 'hasura', 'app', 'auditor'].map((role) => [
          `strata_${role}`,
          expect.stringMatching(
            `^postgresql://strata_${role}:[A-Za-z0-9]{40}@127.0.0.1:${String(database)}/strata$`,
          ) as string,
        ]),
      ),
      jwt: {
        algorithm: 'HS256',
        key: expect.stringMatching(/^[A-Za-z0-9]{64}$/) as string,
        issuer: 'strata',
        audience: 'strata',
      },
    });
  });

  test('names data and credentials as ADR 1 says, and protects them', () => {
    const platform = 'urn:pulumi:local::strata::strata:index:Platform';
    const kept = stateOf(workspace).resources.filter(({ protect }) => protect === true);
    expect(kept.map(({ urn }) => urn).sort()).toEqual(
      [
        '$strata:local:Volume::database-1',
        '$strata:secrets:Password::database-admin',
        '$strata:secrets:Password::jwt-key',
        ...['app', 'auditor', 'authenticator', 'hasura', 'migrator'].map(
          (role) => `$strata:secrets:Password::login-strata_${role}`,
        ),
        '$strata:data:Schema$strata:database:Tenant::tenant-acme',
        '$strata:data:Schema$strata:database:Tenant::tenant-globex',
      ]
        .map((rest) => `${platform}${rest}`)
        .sort(),
    );
  });

  test('is left alone by a second up: no change, the same processes', async () => {
    const before = pids();
    const { code, text } = await watched('up');
    expect(code).toBe(0);
    expect(changesIn(text)).toEqual([]);
    expect(text).toContain(`${String(stateOf(workspace).resources.length - 1)} unchanged`);
    expect(pids()).toEqual(before);
    expectBothAlone();
    expect(workspace.read('Pulumi.local.yaml')).toBe(stackFile);
  });

  test('is asked by scripts that read nothing but the result on stdout', async () => {
    const [preview, healthy, token] = await Promise.all([
      workspace.run('preview', '--json'),
      status(),
      workspace.run('token', '--tenant', 'acme', '--user', 'ann'),
    ]);
    printed.push(preview.stdout, preview.stderr);
    const { changes } = JSON.parse(preview.stdout) as { changes: Record<string, number> };
    expect(Object.keys(changes)).toEqual(['same']);
    expect(healthy).toMatchObject({ code: 0, healthy: true });
    expect(healthy.services.map(({ name }) => name)).toEqual(['database', 'graphql']);
    expect(token.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });

  test('says which process was killed and why it is not healthy, and up repairs it without losing a row', async () => {
    await sql(
      outputs,
      `insert into app.notes (tenant_id, project_id, author_id, body)
       select tenant_id, id, null, 'written before the crash' from app.projects where name = 'Giant magnet'`,
    );
    const before = await notes(outputs);
    expect(before).toContain('acme: written before the crash');

    const { database, graphql } = pids();
    kill(graphql ?? 0);
    await gone(graphql ?? 0);
    const first = await status();
    expect(first).toMatchObject({ code: 1, healthy: false });
    expect(first.services).toMatchObject([
      { name: 'database', healthy: true },
      { name: 'graphql', healthy: false, reason: expect.stringContaining('does not run') as string },
    ]);

    kill(database ?? 0);
    await gone(database ?? 0);
    const second = await status();
    expect(second.code).toBe(1);
    expect(second.services).toMatchObject([
      { name: 'database', healthy: false, reason: expect.stringContaining('does not run') as string },
      { name: 'graphql', healthy: false },
    ]);

    const { code, text } = await watched('up');
    expect(code).toBe(0);
    expect(changesIn(text)).toEqual(['update database', 'update graphql']);
    expect(await notes(outputs)).toEqual(before);
    expectBothAlone();
    expect(await status()).toMatchObject({ code: 0, healthy: true });
  });

  test('notices a fence that was opened by hand, on exactly that table, and closes it', async () => {
    const owner = { role: 'strata_owner' };
    const fences = `
      select c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relacl::text as grants,
        (select string_agg(polname || polpermissive || polroles::text, ' ' order by polname) from pg_policy where polrelid = c.oid) as policies
      from pg_class c where c.oid in ('app.notes'::regclass, 'app.projects'::regclass) order by 1`;
    const closed = await sql(outputs, fences, owner);

    await sql(outputs, 'alter table app.projects disable row level security', owner);
    await sql(outputs, 'drop policy tenant_floor on app.notes', owner);
    const both = await watched('up');
    expect(both.code).toBe(0);
    expect(changesIn(both.text)).toEqual(['update app.notes', 'update app.projects']);
    expect(await sql(outputs, fences, owner)).toEqual(closed);

    await sql(outputs, 'grant select on app.notes to strata_anon', owner);
    const one = await watched('up');
    expect(one.code).toBe(0);
    expect(changesIn(one.text)).toEqual(['update app.notes']);
    expect(await sql(outputs, fences, owner)).toEqual(closed);
  });

  test('keeps rows and passwords through down', async () => {
    const before = await notes(outputs);
    expect(await workspace.succeed('down')).toContain('Stopped: graphql, database');
    expect(processesAbout(workspace.folder)).toEqual([]);
    expect(await status()).toMatchObject({ code: 1, healthy: false });
    expect((await watched('up')).code).toBe(0);
    expect(await workspace.outputs<Outputs>()).toEqual(outputs);
    expect(await notes(outputs)).toEqual(before);
    expectBothAlone();
  });

  test('keeps its secrets out of the state, the logs, every output and every command line', async () => {
    const known = await secrets();
    expect(Object.keys(known)).toHaveLength(7);
    const passphrase = workspace.read('.strata/passphrase').trim();
    const sought = Object.entries({ ...known, passphrase });

    const leaks: string[] = [];
    const lookIn = (where: string, text: string | Buffer): void => {
      for (const [name, secret] of sought)
        if (text.includes(secret)) leaks.push(`${name} in ${where}`);
    };
    for (const text of printed) lookIn('what a command printed', text);
    for (const line of commandLines) lookIn(line, line);
    for (const volume of workspace.volumes())
      for (const file of filesBelow(volume)) lookIn(file, readFileSync(file));
    const own = filesBelow(workspace.path('.strata')).map((file) =>
      path.relative(workspace.folder, file),
    );
    const secretFiles = own.filter(
      (file) => file === '.strata/passphrase' || file.includes('/run/graphql/secrets/'),
    );
    for (const file of own.filter((name) => !secretFiles.includes(name)))
      lookIn(file, readFileSync(workspace.path(file)));
    expect(leaks).toEqual([]);

    // What was looked through was not empty.
    expect(commandLines.size).toBeGreaterThan(3);
    expect([...commandLines].some((line) => line.includes('provider/index.ts'))).toBe(true);
    expect(own.some((file) => file.endsWith('run/database/log'))).toBe(true);
    expect(secretFiles).toHaveLength(3);
    for (const file of secretFiles) {
      expect((statSync(workspace.path(file)).mode & 0o777).toString(8), file).toBe('600');
    }
  });

  test('keeps data through destroy, and plain pulumi up deploys on it again', async () => {
    const before = await notes(outputs);
    const applied = await ledger(outputs);
    await workspace.succeed('destroy', '--yes');
    expect(processesAbout(workspace.folder)).toEqual([]);

    const { command } = await findPulumi(terminal(true));
    const { env } = backendFor('local', workspace.folder, {});
    const up = await workspace.execute(
      command,
      ['up', '-s', 'local', '--yes', '--non-interactive'],
      engineEnvironment(command, env),
    );
    expect(up.code, up.stdout + up.stderr).toBe(0);
    expect(await workspace.outputs<Outputs>()).toEqual(outputs);
    expect(await notes(outputs)).toEqual(before);
    expect(await ledger(outputs)).toEqual(applied);
    expectBothAlone();
  });

  test('leaves no process and no folder after destroy with its data', async () => {
    const volumes = workspace.volumes();
    expect(volumes).toHaveLength(1);
    await workspace.succeed('destroy', '--yes', '--with-data');
    expect(processesAbout(workspace.folder)).toEqual([]);
    expect(readdirSync(workspace.path('.strata', 'stacks'))).toEqual([]);
    for (const volume of volumes) expect(() => statSync(volume)).toThrow('ENOENT');
    expect((await workspace.run('status')).stderr).toContain('is not deployed');
  });
});
