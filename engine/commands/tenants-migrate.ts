import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  defaultStop,
  defaultWorkers,
  fanOut,
  type Progress,
  type StopRule,
} from '../../provider/tenancy/fan-out';
import { migrationStatus, type MigrationStatus } from '../../provider/tenancy/fan-out-ledger';
import { refuseFailures } from '../../provider/tenancy/fan-out-report';
import type { Platform } from '../../provider/tenancy/provision';
import { progressBar } from '../progress-bar';
import { table, type Terminal } from '../terminal';

export interface MigrateOptions {
  readonly canary?: readonly string[];
  readonly workers: number;
  readonly stopAfter: StopRule;
  readonly json?: boolean;
}

/** What `tenants migrate` may be told. */
export function withMigrateOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--canary <slug>',
        'a tenant that goes first, may stand again (default: the first of each shard and model)',
      ).argParser((slug: string, before: readonly string[] | undefined) => [
        ...(before ?? []),
        slug,
      ]),
    )
    .addOption(
      new Option('--workers <number>', 'tenants at the same time on each shard')
        .argParser(workersFrom)
        .default(defaultWorkers),
    )
    .addOption(
      new Option('--stop-after <number or percent>', 'begin no other tenant once as many failed')
        .argParser(stopFrom)
        .default(defaultStop, '3 or 1%, whichever is more'),
    );
}

/** `tenants migrate`: brings every schema and database of tenants to the program's migrations and rules. */
export async function migrateTenants(
  platform: Platform,
  { canary, workers, stopAfter, json = false }: MigrateOptions,
  out: Terminal,
): Promise<void> {
  const bar = progressBar(process.stderr);
  const stop = new AbortController();
  const interrupt = (): void => {
    stop.abort();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const report = await fanOut(platform, {
      ...(canary && { canaries: canary }),
      workers,
      stop: stopAfter,
      signal: stop.signal,
      progress: (progress) => {
        bar.show(progress.done + progress.failed, progress.total, wordsFor(progress));
      },
    });
    bar.end();
    if (json) out.result(JSON.stringify(report, null, 2));
    refuseFailures(report);
    if (!json) {
      out.result(
        `Up to date: ${report.done} of the tenants with tables of their own; ${report.changed} of them changed.`,
      );
    }
  } finally {
    bar.end();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** `tenants status`: what each tenant's own tables lack; exits with 1 when one is behind. */
export async function showMigrationStatus(
  platform: Platform,
  { json = false }: { readonly json?: boolean },
  out: Terminal,
): Promise<void> {
  const tenants = await migrationStatus(platform);
  const behind = tenants.filter((tenant) => tenant.behind.length > 0);
  if (behind.length > 0) process.exitCode = 1;
  const { version } = platform.plan;
  if (json) out.result(JSON.stringify({ version, behind: behind.length, tenants }, null, 2));
  else out.result(render(version, tenants, behind));
}

function render(
  version: string,
  tenants: readonly MigrationStatus[],
  behind: readonly MigrationStatus[],
): string {
  if (tenants.length === 0) return 'No tenant has tables of its own: all share them.';
  const rows = tenants.map(({ slug, model, shard, version: has, behind: lacks, status }) => [
    slug,
    model,
    shard,
    has ?? '-',
    lacks.length > 0 ? `behind: ${lacks.join(', ')}` : status,
  ]);
  const reasons = tenants.flatMap(({ slug, error }) => (error ? [`${slug}: ${error}`] : []));
  return [
    `${tenants.length - behind.length} of ${tenants.length} tenants are at ${version}\n`,
    table([['TENANT', 'MODEL', 'SHARD', 'VERSION', 'STATE'], ...rows]),
    ...(reasons.length > 0 ? ['', ...reasons] : []),
    ...(behind.length > 0 ? ['', 'npm run tenants -- migrate brings them up.'] : []),
  ].join('\n');
}

function wordsFor({ slug, failed }: Progress): string {
  return failed > 0 ? `${slug} (${failed} failed)` : slug;
}

function workersFrom(text: string): number {
  const workers = Number(text);
  if (Number.isInteger(workers) && workers >= 1 && workers <= 64) return workers;
  throw new InvalidArgumentError('Allowed: a whole number from 1 to 64.');
}

function stopFrom(text: string): StopRule {
  const [, digits = '', percent] = /^(\d{1,6})(%?)$/.exec(text) ?? [];
  const number = Number(digits);
  if (digits !== '' && percent && number <= 100) return { places: 1, share: number / 100 };
  if (digits !== '' && !percent && number >= 1) return { places: number, share: 0 };
  throw new InvalidArgumentError('Allowed: a number of tenants such as 5, or a share such as 2%.');
}
