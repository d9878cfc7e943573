import { InvalidArgumentError, Option, type Command } from 'commander';
import { mainShard, type Model } from '../../components/tenancy/places';
import { erasePerson } from '../../provider/tenancy/erase';
import { exportTenant } from '../../provider/tenancy/export';
import { importTenant } from '../../provider/tenancy/import';
import { moveTenant } from '../../provider/tenancy/move';
import { membersOf } from '../../provider/tenancy/people';
import { findTenant, inRegistry } from '../../provider/tenancy/registry';
import { postgresStore } from '../../provider/tenancy/stores/postgres';
import { UserError } from '../errors';
import { stackOption } from '../outputs';
import { terminal } from '../terminal';
import { accessOf, tenantsCommandNamed, type AccessOptions } from './access';
import { byWorker, inVolume, isForWorker } from './by-worker';
import { deleteCommand } from './deletion';
import { modelOption, shardOption, tenantArgument } from './values';

interface ExportOptions extends AccessOptions {
  readonly out: string;
  readonly anonymise?: boolean;
}

interface ImportOptions extends AccessOptions {
  readonly model?: Model;
  readonly shard: string;
  readonly as?: string;
  readonly name?: string;
}

interface MoveOptions extends AccessOptions {
  readonly model?: Model;
  readonly shard?: string;
  readonly grace: number;
}

/** What copies, moves and deletes what tenants have. */
export function dataCommands(): Command[] {
  return [
    tenantsCommandNamed('export', 'copy everything of a tenant into a folder')
      .argument(...tenantArgument)
      .requiredOption('--out <folder>', 'a new or empty folder')
      .option('--anonymise', 'with made-up values for what is personal, and without files')
      .action(exportAction),
    tenantsCommandNamed('import', 'make a tenant of an export')
      .argument('<folder>', 'what export wrote')
      .addOption(modelOption('strata:tenancy.model'))
      .addOption(shardOption().default(mainShard))
      .option('--as <slug>', 'another slug: a copy beside the original')
      .option('--name <text>', 'of the copy')
      .action(importAction),
    tenantsCommandNamed('anonymise', 'forget one person in a tenant')
      .argument(...tenantArgument)
      .requiredOption('--person <handle>', 'the handle or id of the member')
      .action(anonymiseAction),
    tenantsCommandNamed('move', 'move a tenant to another model or shard while it is used')
      .argument(...tenantArgument)
      .addOption(modelOption('as they are'))
      .addOption(shardOption())
      .addOption(
        new Option('--grace <seconds>', 'how long its old rows stay after the switch')
          .argParser(secondsFrom)
          .default(60),
      )
      .action(moveAction),
    deleteCommand(),
  ];
}

async function exportAction(slugOrId: string, options: ExportOptions): Promise<void> {
  const out = terminal(true);
  const access = await accessOf(options, out);
  const { platform } = access;
  const tenant = await findTenant(platform.clusters, slugOrId);
  const { anonymise = false, json = false } = options;
  const { id: tenantId, slug } = tenant;
  if (isForWorker(access, out)) {
    const given = { folder: inVolume(options.out), anonymise };
    const job = { action: 'export', slug, tenantId, arguments: given } as const;
    out.result(JSON.stringify(await byWorker(platform.clusters, job, out), null, 2));
    return;
  }
  const stores = [postgresStore(platform)];
  const { sha256 } = await exportTenant(stores, tenant, options.out, { anonymise });
  const result = { tenant: tenant.slug, id: tenant.id, folder: options.out, sha256, anonymise };
  out.result(
    json
      ? JSON.stringify(result, null, 2)
      : `${options.out} holds ${anonymise ? 'an anonymised copy of ' : ''}${tenant.slug}: SHA-256 of its manifest ${sha256}.`,
  );
}

async function importAction(folder: string, options: ImportOptions): Promise<void> {
  const { shard, as, name, json = false } = options;
  if (name !== undefined && as === undefined) {
    throw new UserError('--name is the name of a copy: it needs --as <slug>', 2);
  }
  const out = terminal(true);
  const access = await accessOf(options, out);
  const { platform } = access;
  const { model = access.model } = options;
  const target = {
    model,
    shard,
    ...(as !== undefined && { as: { slug: as, ...(name !== undefined && { name }) } }),
  };
  if (isForWorker(access, out)) {
    const given = { folder: inVolume(folder), ...target };
    const job = { action: 'import', slug: as ?? given.folder, arguments: given } as const;
    out.result(JSON.stringify(await byWorker(platform.clusters, job, out), null, 2));
    return;
  }
  const tenant = await importTenant(platform, [postgresStore(platform)], folder, target);
  out.result(
    json
      ? JSON.stringify(tenant, null, 2)
      : `${tenant.slug} is active: model ${model} on ${shard}, id ${tenant.id}. API keys are issued anew.`,
  );
}

async function anonymiseAction(
  slugOrId: string,
  options: AccessOptions & { readonly person: string },
): Promise<void> {
  const out = terminal(true);
  const access = await accessOf(options, out);
  const { platform } = access;
  const tenant = await findTenant(platform.clusters, slugOrId);
  const { person } = options;
  if (isForWorker(access, out)) {
    const { id: tenantId, slug } = tenant;
    const job = { action: 'anonymise', slug, tenantId, arguments: { person } } as const;
    await byWorker(platform.clusters, job, out);
  } else {
    await erasePerson(platform, [postgresStore(platform)], tenant, person);
  }
  const left = await inRegistry(platform.clusters, (client) => membersOf(client, tenant.id));
  if (!left.some(({ role }) => role === 'admin')) {
    out.note(
      `${tenant.slug} has no admin any more: npm run tenants -- configure ${tenant.slug} --admin <handle>${stackOption(options.stack)}`,
    );
  }
  const result = { tenant: tenant.slug, person: options.person, forgotten: true };
  out.result(
    options.json
      ? JSON.stringify(result, null, 2)
      : `${options.person} is forgotten in ${tenant.slug}. Exports and backups of before keep what they have.`,
  );
}

async function moveAction(slugOrId: string, options: MoveOptions): Promise<void> {
  const { model, shard, grace, json = false } = options;
  if (model === undefined && shard === undefined) {
    throw new UserError('Where to? --model or --shard, or both', 2);
  }
  const out = terminal(true);
  const { platform, declared } = await accessOf(options, out);
  const tenant = await findTenant(platform.clusters, slugOrId);
  const stop = new AbortController();
  const interrupt = (): void => {
    stop.abort();
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const to = { model: model ?? tenant.model, shard: shard ?? tenant.shard };
    const report = await moveTenant(platform, tenant.id, to, {
      graceMs: grace * 1000,
      signal: stop.signal,
      tell: out.note,
    });
    out.result(
      json
        ? JSON.stringify(report, null, 2)
        : `${tenant.slug} is in model ${report.to.model} on ${report.to.shard}.`,
    );
    if (declared.has(tenant.slug)) {
      out.note(
        `${tenant.slug} stands in the config: before the next deployment set strata:tenancy.tenants.${tenant.slug} to model ${report.to.model}, shard ${report.to.shard}.`,
      );
    }
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function secondsFrom(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 5 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError('Allowed: a whole number from 5 to 86400.');
}
