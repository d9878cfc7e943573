import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { planOf } from '../../components/plan';
import type { Model } from '../../components/tenancy/places';
import { UnreachableError } from '../../provider/database/connect';
import type { Clusters } from '../../provider/tenancy/clusters';
import type { Platform } from '../../provider/tenancy/provision';
import { clustersFrom } from '../../provider/tenancy/reach';
import { jsonOption, stackCommand, type StackOptions } from '../commands/options';
import { UserError } from '../errors';
import { migratorUrl } from '../login-urls';
import { readSecretOutputs, stackOption, type SecretOutputs } from '../outputs';
import { stackSettings } from '../stack-settings';
import type { Terminal } from '../terminal';

/** How the commands for tenants are told where they work. */
export interface AccessOptions extends StackOptions {
  /** Of the migrator, instead of what the stack says. */
  readonly url?: string;
  /** A file with the platform's secret `tenant-logins`, instead of what the stack says. */
  readonly logins?: string;
}

/** A command for tenants, with what all of them take. */
export function tenantsCommandNamed(name: string, summary: string): Command {
  return stackCommand(name, summary)
    .option('--url <url>', 'the database of the platform, as strata_migrator; default: the stack’s')
    .option('--logins <file>', 'the platform’s secret tenant-logins; default: the stack’s')
    .addOption(jsonOption());
}

/** What the commands for tenants work with. */
export interface Access {
  readonly platform: Platform;
  /** Of tenants of which nobody says another. */
  readonly model: Model;
  /** Tenants of the config, with the people whom it names: the next deployment brings both back to what it says. */
  readonly declared: ReadonlyMap<string, readonly string[]>;
  /** Services of the stack; undefined where a database is named instead, which may belong to none. */
  readonly services: SecretOutputs['services'] | undefined;
}

/** The clusters with tenants, for what only reads the registry. */
export async function clustersOf(options: AccessOptions, out: Terminal): Promise<Clusters> {
  const { url } = await told(options, out);
  return reached(url, options);
}

/** Everything that makes and changes tenants. Throws one sentence for what is missing. */
export async function accessOf(options: AccessOptions, out: Terminal): Promise<Access> {
  const { stack, logins } = options;
  const { url, outputs } = await told(options, out);
  const settings = stackSettings(stack);
  return {
    platform: {
      master: logins === undefined ? masterOf(stack, outputs) : secretIn(logins),
      plan: planOf(settings).tenancy,
      clusters: await reached(url, options),
    },
    model: settings.tenancy.model,
    declared: new Map(
      Object.entries(outputs ? settings.tenancy.tenants : {}).map(([slug, { members }]) => [
        slug,
        Object.keys(members),
      ]),
    ),
    services: outputs?.services,
  };
}

async function reached(url: string, { stack }: AccessOptions): Promise<Clusters> {
  try {
    return await clustersFrom(url);
  } catch (error) {
    if (!(error instanceof UnreachableError) || error.why !== 'silent') throw error;
    throw new UserError(`${error.message}\nIs the platform up? npm run up${stackOption(stack)}`);
  }
}

/** The database, and what the stack says unless another database than its own is named. */
async function told(
  { stack, url }: AccessOptions,
  out: Terminal,
): Promise<{ readonly url: string; readonly outputs?: SecretOutputs }> {
  if (url !== undefined) return { url };
  const outputs = await readSecretOutputs(stack, out);
  return { url: migratorUrl(stack, outputs), outputs };
}

function masterOf(stack: string, outputs: SecretOutputs | undefined): string {
  const master = outputs?.tenantLogins;
  if (master !== undefined && master !== '') return master;
  throw new UserError(
    outputs
      ? `Stack "${stack}" does not tell its secret tenant-logins: npm run up${stackOption(stack)}, or --logins <file>`
      : 'With --url the platform’s secret tenant-logins is needed too: --logins <file>',
  );
}

function secretIn(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`);
  }
  // An empty one would make passwords that anybody can derive.
  if (text.length >= 16) return text;
  throw new UserError(`${file} holds no secret: 16 characters at least`);
}
