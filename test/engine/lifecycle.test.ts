import { readdirSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  loginRoles,
  platformSecrets,
  redisUsers,
  vendorLogins,
} from '../../components/data/credentials';
import { names } from '../../components/data/names';
import { backendFor } from '../../engine/backend';
import { findPulumi } from '../../engine/pulumi/find';
import { engineEnvironment } from '../../engine/pulumi/run';
import { terminal } from '../../engine/terminal';
import {
  changesIn,
  expectBothAlone,
  ledger,
  notes,
  stateOf,
  statusOf,
  whyNoEngine,
  type Outputs,
} from '../support/engine';
import { everyProcess, processesAbout } from '../support/processes';
import { filesBelow, leaksIn, secretsOf } from '../support/secrets';
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

async function status(): Promise<Awaited<ReturnType<typeof statusOf>>> {
  const found = await statusOf(workspace);
  printed.push(found.text);
  return found;
}

function pids(): number[] {
  return [workspace.pid('database'), workspace.pid('graphql')];
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
      docker: {},
      authority: '',
      entrance: '',
      anonKey: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string,
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
      tenantLogins: expect.stringMatching(/^[A-Za-z0-9]{64}$/) as string,
      operator: {
        user: 'operator',
        password: expect.stringMatching(/^[A-Za-z0-9]{40}$/) as string,
      },
      databases: Object.fromEntries(
        Object.keys(loginRoles).map((role) => [
          role,
          expect.stringMatching(
            `^postgresql://${role}:[A-Za-z0-9]{40}@127.0.0.1:${String(database)}/strata$`,
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
        ...[
          'database-admin',
          ...Object.keys(loginRoles).map(names.login),
          ...Object.keys(redisUsers).map(names.redis),
          ...Object.keys(vendorLogins).map(names.vendor),
          ...Object.keys(platformSecrets),
        ].map((name) => `$strata:secrets:Password::${name}`),
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
    expectBothAlone(workspace);
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

  test('keeps rows and passwords through down', async () => {
    const before = await notes(outputs);
    expect(await workspace.succeed('down')).toContain('Stopped: graphql, database');
    expect(processesAbout(workspace.folder)).toEqual([]);
    expect(await status()).toMatchObject({ code: 1, healthy: false });
    expect((await watched('up')).code).toBe(0);
    expect(await workspace.outputs<Outputs>()).toEqual(outputs);
    expect(await notes(outputs)).toEqual(before);
    expectBothAlone(workspace);
  });

  test('keeps its secrets out of the state, the logs, every output and every command line', async () => {
    const secrets = await secretsOf(workspace);
    expect(Object.keys(secrets).length).toBeGreaterThan(20);
    // Volumes of root may stand elsewhere, behind a link.
    const folders = new Set([workspace.path('.strata'), ...workspace.volumes()]);
    const files = [...folders].flatMap(filesBelow);
    const mayHold = files
      .map(([file]) => file)
      .filter((file) => /\.strata\/passphrase$|run\/graphql\/secrets\//.test(file));
    expect(
      leaksIn(secrets, [
        ...printed.map((text) => ['what a command printed', text] as const),
        ...[...commandLines].map((line) => [line, line] as const),
        ...files.filter(([file]) => !mayHold.includes(file)),
      ]),
    ).toEqual([]);

    // What was looked through was not empty.
    expect([...commandLines].some((line) => line.includes('provider/index.ts'))).toBe(true);
    expect(files.some(([file]) => file.endsWith('run/database/log'))).toBe(true);
    expect(files.some(([file]) => file.endsWith('data/PG_VERSION'))).toBe(true);
    expect(mayHold).toHaveLength(4);
    for (const file of mayHold) expect((statSync(file).mode & 0o777).toString(8), file).toBe('600');
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
    expectBothAlone(workspace);
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
