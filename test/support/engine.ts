import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import { messageOf } from '../../engine/errors';
import { findPulumi } from '../../engine/pulumi/find';
import { terminal } from '../../engine/terminal';
import { serversOf } from './processes';
import type { Workspace } from './workspace';

/** The stack's outputs, as scripts get them. */
export interface Outputs {
  readonly tier: string;
  readonly target: string;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly services: Readonly<Record<string, { kind: string; health?: string; where: string }>>;
  readonly databases: Readonly<Record<string, string>>;
  readonly jwt: { algorithm: string; key: string; issuer: string; audience: string };
}

/** Why tests with the real engine cannot run here, printed once; `undefined` when they can. */
export async function whyNoEngine(): Promise<string | undefined> {
  const reason = process.platform === 'linux' ? await notFound() : 'they look into /proc';
  if (reason !== undefined)
    process.stderr.write(`Tests with the real engine are skipped: ${reason}\n`);
  return reason;
}

async function notFound(): Promise<string | undefined> {
  try {
    await findPulumi(terminal(true));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** What an `up` or a `preview` said that it did, such as `update app.notes`, sorted. */
export function changesIn(progress: string): string[] {
  const done = /^ *[-+~]+ +(strata:\S+) (\S+) (creat|updat|delet|replac)(?:ed \(|e\b)/;
  const found = progress.split('\n').flatMap((line) => {
    const [, type, name, verb] = done.exec(line) ?? [];
    if (type === undefined) return [];
    return [`${String(verb)}e ${String(name)}`];
  });
  return [...new Set(found)].sort();
}

/** Runs SQL as a login role of the stack, after `set role` when one is given. */
export async function sql<Row extends object>(
  outputs: Outputs,
  statement: string,
  { login = 'strata_migrator', role = 'strata_maintenance' } = {},
): Promise<Row[]> {
  const client = new Client({ connectionString: outputs.databases[login] });
  await client.connect();
  try {
    await client.query(`set role ${role}`);
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Every note, with whose it is. */
export async function notes(outputs: Outputs): Promise<string[]> {
  const rows = await sql<{ note: string }>(
    outputs,
    `select t.slug || ': ' || n.body as note from app.notes n join registry.tenants t on t.id = n.tenant_id order by 1`,
  );
  return rows.map(({ note }) => note);
}

/** What the ledger has, in order: `platform/001_roles`. */
export async function ledger(outputs: Outputs): Promise<string[]> {
  const rows = await sql<{ name: string }>(
    outputs,
    `select scope || '/' || name as name from strata.migrations order by scope desc, name`,
    { role: 'strata_migrator' },
  );
  return rows.map(({ name }) => name);
}

interface StateFile {
  readonly checkpoint: {
    readonly latest?: {
      readonly pending_operations?: unknown[];
      readonly resources?: { urn: string; type: string; protect?: boolean; id?: string }[];
    };
  };
}

/** The state of the stack as it stands in its file; secrets in it are encrypted. */
export function stateOf(workspace: Workspace) {
  const file = '.strata/state/.pulumi/stacks/strata/local.json';
  const { checkpoint } = JSON.parse(readFileSync(workspace.path(file), 'utf8')) as StateFile;
  return {
    resources: checkpoint.latest?.resources ?? [],
    pending: checkpoint.latest?.pending_operations ?? [],
  };
}

/** What `status --json` answers. */
export interface Status {
  readonly healthy: boolean;
  readonly services: readonly {
    readonly name: string;
    readonly kind: string;
    readonly healthy: boolean;
    readonly health?: string;
    readonly reason?: string;
  }[];
}

/** What `status --json` says, its exit code, and all that it printed. */
export async function statusOf(
  workspace: Workspace,
): Promise<Status & { code: number | null; text: string }> {
  const { code, stdout, stderr } = await workspace.run('status', '--json');
  return { code, text: stdout + stderr, ...(JSON.parse(stdout) as Status) };
}

/** Asserts that one Postgres and one GraphQL run, those that the pid files name, and nothing else of the workspace. */
export function expectBothAlone(workspace: Workspace): void {
  const recorded = [workspace.pid('database'), workspace.pid('graphql')];
  const running = serversOf(workspace.folder).map(({ pid }) => pid);
  assert.deepEqual(running.sort(), recorded.sort());
}
