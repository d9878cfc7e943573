import { mkdirSync } from 'node:fs';
import { stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { containersNamed, engine, removeAll } from '../support/docker';
import { whyNoEngine } from '../support/engine';
import { dockerConfig, lendPlugins, whyNoPlatform, whyNoPlugins } from '../support/lab';
import { Workspace } from '../support/workspace';

const reason = whyNoPlugins() ?? (await whyNoPlatform()) ?? (await whyNoEngine());
const stack = 't-order';
const prefix = `strata-${stack}-`;

let workspace: Workspace;
let config: Record<string, unknown>;
let first: string;

function configure(more: Record<string, unknown> = {}): void {
  workspace.write(`Pulumi.${stack}.yaml`, stringify({ config: { ...config, ...more } }));
}

/** Runs a command of the project; only the stacks of a clone itself have a place for their state without being told. */
async function run(...args: string[]): Promise<string> {
  const words = ['engine/load.cjs', 'engine/cli.ts', ...args];
  const { code, stdout, stderr } = await workspace.execute(process.execPath, words, {
    PULUMI_BACKEND_URL: `file://${workspace.path('state')}`,
    PULUMI_CONFIG_PASSPHRASE: 'of this test',
  });
  if (code !== 0)
    throw new Error(`${args.join(' ')} ended with ${String(code)}:\n${stdout}${stderr}`);
  return stdout;
}

/** Deploys and returns what the engine said that it did. */
function up(): Promise<string> {
  return run('pulumi', '--', 'up', '--yes', '--skip-preview', '--non-interactive', '-s', stack);
}

/** Everything that was done, in order: `created database-1`. */
function done(progress: string): string[] {
  const line =
    /^ *[-+~@ ]+ +(?:strata|docker|random|pulumi):\S+ (\S+) (created|updated|deleted|replaced)\b/;
  return progress.split('\n').flatMap((text) => {
    const [, name, verb] = line.exec(text) ?? [];
    return name === undefined ? [] : [`${String(verb)} ${name}`];
  });
}

/** Container → its id and when it was started. */
async function containers(): Promise<Record<string, string>> {
  const names = await containersNamed(prefix);
  const all = names.map(async (name) => {
    const { Id, State } = await engine.getContainer(name).inspect();
    return [name.slice(prefix.length), `${Id} ${State.StartedAt}`] as const;
  });
  return Object.fromEntries(await Promise.all(all));
}

async function volumes(): Promise<string[]> {
  const { Volumes } = await engine.listVolumes();
  return Volumes.map(({ Name }) => Name).filter((name) => name.startsWith(prefix));
}

describe.skipIf(reason)('a platform on Docker under the real engine of Pulumi', () => {
  beforeAll(async () => {
    await removeAll(prefix);
    workspace = await Workspace.create();
    lendPlugins(workspace);
    config = await dockerConfig();
    mkdirSync(workspace.path('state'));
    configure();
    await run('pulumi', '--', 'stack', 'init', stack);
    first = await up();
  });

  afterAll(async () => {
    await workspace.dispose();
    await removeAll(prefix);
  });

  test('is made in order: network and volumes, database, schema, services, gateway', () => {
    const made = done(first);
    const at = (name: string): number => made.lastIndexOf(`created ${name}`);
    const steps = [
      ['network', 'database-1'],
      ['database-1-ready'],
      ['cluster'],
      ['platform/001_roles'],
      ['app.notes'],
      ['pooler-1'],
      ['pooler-1-ready'],
      ['graphql-1', 'guard-1'],
      ['graphql-1-ready', 'guard-1-ready'],
      ['gateway-1'],
      ['gateway-1-ready'],
    ].map((names) => names.map(at));
    expect(steps.flat()).not.toContain(-1);
    for (const [index, step] of steps.slice(1).entries()) {
      expect(Math.min(...step)).toBeGreaterThan(Math.max(...(steps[index] ?? [])));
    }
  });

  test('a second up changes nothing', async () => {
    const before = await containers();
    expect(done(await up())).toEqual([]);
    expect(await containers()).toEqual(before);
  });

  test('a changed setting of one service touches that service alone', async () => {
    const before = await containers();
    configure({ 'strata:services': { graphql: { env: { DEBUG: 'x' } } } });
    expect(done(await up())).toEqual([
      'deleted graphql-1',
      'replaced graphql-1',
      'created graphql-1',
      'updated graphql-1-ready',
    ]);
    const after = await containers();
    expect(Object.keys(after)).toEqual(Object.keys(before));
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual([
      'graphql-1',
    ]);
  });

  test('destroy leaves the data, and the next up has it again', async () => {
    const cluster = async (): Promise<unknown> => {
      const volume = await engine.getVolume(`${prefix}database-1`).inspect();
      return (volume as { CreatedAt?: string }).CreatedAt;
    };
    const made = await cluster();
    await run('destroy', '--yes', '--stack', stack);
    // The server may stay: protected tenants depend on it in the state.
    const left = Object.keys(await containers());
    expect(left.filter((name) => name !== 'database-1')).toEqual([]);
    const kept = (await volumes()).filter((name) => /-\d$/.test(name));
    expect(kept.sort()).toEqual(
      ['database-1', 'exports-1', 'pooler-1', 'queue-1'].map((name) => `${prefix}${name}`),
    );
    await up();
    expect(await cluster()).toBe(made);
  });
});
