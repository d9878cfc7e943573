import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { readMigrations } from '../../components/data/migrations';
import { mainShard } from '../../components/tenancy/places';
import { readDeclaration } from '../../components/tenancy/read';
import { audit, type AuditOptions } from '../../provider/audit/audit';
import type { Finding } from '../../provider/audit/finding';
import { clusterUrl } from '../../provider/tenancy/clusters';
import { clustersFrom } from '../../provider/tenancy/reach';
import { messageOf, UserError } from '../errors';
import { readMigratorUrl } from '../login-urls';
import { root } from '../root';
import { stackSettings } from '../stack-settings';
import { terminal, type Terminal } from '../terminal';
import { jsonOption, type StackOptions, stackCommand } from './options';

interface AuditCommandOptions extends StackOptions {
  readonly url?: string;
  readonly app?: string;
  readonly metadata?: string;
  readonly hasura?: string;
  readonly login?: Readonly<Record<string, string>>;
  readonly shard?: string;
}

/** `audit`: what in a live database could let tenants meet. */
export function auditCommand(): Command {
  return stackCommand('audit', 'look for everything in a live database by which tenants could meet')
    .option(
      '--url <url>',
      'connects as strata_auditor, or as strata_migrator to see the registry and the ledger too; default: the stack’s',
      urlFrom,
    )
    .option(
      '--app <folder>',
      'the application, with tenancy.ts and sql/; default: the stack’s strata:app',
    )
    .option('--metadata <file>', 'Hasura’s metadata, as export_metadata answers it')
    .option('--hasura <version>', 'the version of Hasura’s engine, such as v2.48.1')
    .option('--shard <name>', 'the shard whose database is looked at (default: main)')
    .option(
      '--login <role=url>',
      'a login to probe, in transactions that are rolled back; may stand again',
      loginFrom,
    )
    .addOption(jsonOption())
    .action(auditAction);
}

async function auditAction(options: AuditCommandOptions): Promise<void> {
  const { stack, shard = mainShard, json = false } = options;
  const out = terminal(json);
  const skipped: string[] = [];
  const { url, ...rest } =
    options.url === undefined ? await inStack(stack, shard, out) : { url: options.url };
  const found = await audit(url, {
    ...wanted(options),
    ...rest,
    skipped: (what) => skipped.push(what),
  });
  out.result(json ? JSON.stringify(found, null, 2) : report(found));
  for (const what of [...skipped, ...notGiven(options)]) out.note(`Not looked at: ${what}.`);
  if (found.length > 0) process.exitCode = 1;
}

/** What a deployment of this checkout would expect of the database. */
function wanted(options: AuditCommandOptions): AuditOptions {
  const { stack, metadata, hasura, login, shard } = options;
  const app = options.app ?? path.resolve(root, stackSettings(stack).app);
  const { tables, shared = {} } = readDeclaration(app);
  return {
    tables: Object.keys(tables),
    shared: Object.keys(shared),
    files: [
      ...readMigrations(path.join(root, 'sql'), 'platform'),
      ...readMigrations(path.join(app, 'sql'), 'app'),
    ],
    ...(metadata !== undefined && { metadata: readJson(metadata) }),
    ...(hasura !== undefined && { hasura }),
    ...(login !== undefined && { logins: login }),
    ...(shard !== undefined && { shard }),
  };
}

/** What this command alone cannot find out. */
function notGiven({ metadata, hasura, login }: AuditCommandOptions): string[] {
  return [
    ...(metadata === undefined ? ['Hasura’s metadata (--metadata <file>)'] : []),
    ...(hasura === undefined ? ['Hasura’s version (--hasura <version>)'] : []),
    ...(login === undefined ? ['what logins reach when they are tried (--login <role=url>)'] : []),
  ];
}

function report(found: readonly Finding[]): string {
  if (found.length === 0) return 'Clean: nothing was found in what was looked at.';
  const entries = found.map(({ check, id, object, problem, remedy }) =>
    [
      `${String(check).padStart(2)} ${id}  ${object}`,
      `   ${problem}`,
      'sql' in remedy ? `   mended by: ${remedy.sql};` : `   to do: ${remedy.step}`,
    ].join('\n'),
  );
  const count = found.length === 1 ? '1 finding' : `${String(found.length)} findings`;
  return `${entries.join('\n\n')}\n\n${count}.`;
}

function loginFrom(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf('=');
  const role = text.slice(0, at);
  const url = text.slice(at + 1);
  if (!/^[a-z_][a-z0-9_]*$/.test(role) || !isUrl(url)) {
    throw new Unsaid('--login', 'role=url, such as strata_app=postgresql://…');
  }
  return { ...before, [role]: url };
}

function urlFrom(text: string): string {
  if (isUrl(text)) return text;
  throw new Unsaid('--url', 'postgresql://login@host:port/database');
}

function isUrl(text: string): boolean {
  return /^postgres(?:ql)?:/.test(text) && URL.canParse(text);
}

/** A bad value that may have a password in it: commander's own error would repeat it. */
class Unsaid extends UserError {
  constructor(option: string, expected: string) {
    super(`${option} is not what is expected: ${expected}`, 2);
  }
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    throw new UserError(`${file} cannot be read as JSON: ${messageOf(error)}`);
  }
}

/** The stack's database on a shard, and the one with the registry. */
async function inStack(
  stack: string,
  shard: string,
  out: Terminal,
): Promise<{ url: string; registry: string }> {
  const registry = await readMigratorUrl(stack, out);
  return { url: clusterUrl(await clustersFrom(registry), shard), registry };
}
