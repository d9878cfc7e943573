import type { Command } from 'commander';
import { mainShard, type Model } from '../../components/tenancy/places';
import {
  configureTenant,
  createTenant,
  resumeTenant,
  suspendTenant,
} from '../../provider/tenancy/lifecycle';
import type { Platform } from '../../provider/tenancy/provision';
import { membersOf, noMember } from '../../provider/tenancy/people';
import {
  findTenant,
  inRegistry,
  listTenants,
  type Registered,
} from '../../provider/tenancy/registry';
import { UserError } from '../errors';
import { terminal, type Terminal } from '../terminal';
import { accessOf, clustersOf, tenantsCommandNamed, type AccessOptions } from './access';
import { renderTenants } from './show';
import {
  collect,
  limitsOf,
  modelOption,
  shardOption,
  tenantArgument,
  withLimits,
  type LimitOptions,
} from './values';

interface CreateOptions extends AccessOptions, LimitOptions {
  readonly name?: string;
  readonly model?: Model;
  readonly shard: string;
  readonly admin: readonly string[];
  readonly member?: readonly string[];
}

interface ConfigureOptions extends AccessOptions, LimitOptions {
  readonly name?: string;
  readonly rotateLogin?: boolean;
  readonly admin?: readonly string[];
  readonly member?: readonly string[];
  readonly remove?: readonly string[];
}

/** What makes tenants, shows them, and changes what they may. */
export function lifeCommands(): Command[] {
  const create = tenantsCommandNamed(
    'create',
    'make a tenant; the same again goes on after an interruption',
  )
    .argument('<slug>', 'names it in host names and paths')
    .requiredOption('--admin <handle>', 'a user who manages it; may stand again', collect)
    .option('--member <handle>', 'another user of it; may stand again', collect)
    .option('--name <text>', 'as people read it; default: the slug')
    .addOption(modelOption('strata:tenancy.model'))
    .addOption(shardOption().default(mainShard));
  const list = tenantsCommandNamed(
    'list',
    'show all tenants: where they are, and what they may',
  ).action(listAction);
  const configure = tenantsCommandNamed(
    'configure',
    'change the name, the people, the limits or the login of a tenant',
  )
    .argument(...tenantArgument)
    .option('--name <text>', 'as people read it')
    .option('--admin <handle>', 'a user who is to manage it; may stand again', collect)
    .option('--member <handle>', 'another user who is to belong to it; may stand again', collect)
    .option(
      '--remove <handle>',
      'who is to leave it; rows stay, without an owner; may stand again',
      collect,
    )
    .option('--rotate-login', 'another password of its login; ends the sessions with the old one');
  return [
    withLimits(create).action(createAction),
    list,
    changing('suspend', 'shut a tenant out; nothing is deleted', suspendTenant),
    changing('resume', 'let a suspended tenant in again', resumeTenant),
    withLimits(configure).action(configureAction),
  ];
}

async function createAction(slug: string, options: CreateOptions): Promise<void> {
  const out = terminal(true);
  const { platform, model: usual } = await accessOf(options, out);
  const { name = slug, model = usual, shard, admin, member = [] } = options;
  const tenant = await createTenant(
    platform,
    [],
    {
      slug,
      name,
      model,
      shard,
      members: named({ admin, member }),
      limits: limitsOf(options),
    },
    out.note,
  );
  say(options, tenant, `${slug} is active: model ${model} on ${shard}, id ${tenant.id}.`);
}

async function listAction(options: AccessOptions): Promise<void> {
  const out = terminal(true);
  const tenants = await listTenants(await clustersOf(options, out));
  if (options.json) out.result(JSON.stringify(tenants, null, 2));
  else out.result(renderTenants(tenants));
}

async function configureAction(slugOrId: string, options: ConfigureOptions): Promise<void> {
  const { name, rotateLogin, remove: leaving = [] } = options;
  const limits = limitsOf(options);
  const members = named(options);
  const people = [...members.map(({ user }) => user), ...leaving];
  const itself = name !== undefined || Object.keys(limits).length > 0;
  if (!itself && !rotateLogin && people.length === 0) {
    throw new UserError(
      `Nothing to change of ${slugOrId}: see npm run tenants -- configure --help`,
      2,
    );
  }
  const out = terminal(true);
  const { platform, declared } = await accessOf(options, out);
  const { id, slug } = await findTenant(platform.clusters, slugOrId);
  const { requestsPerMinute: _ofRegistry, ...ofConfig } = limits;
  const byConfig = name !== undefined || Object.keys(ofConfig).length > 0;
  const inConfig = declared.get(slug);
  if (inConfig && (byConfig || people.some((user) => inConfig.includes(user)))) {
    throw new UserError(
      `${slug} stands in the config, which the next deployment would bring back: change strata:tenancy.tenants.${slug} and run npm run up`,
    );
  }
  if (leaving.length > 0) await tellOfLeaving(platform, { id, slug }, leaving, out);
  const configured = await configureTenant(platform, id, {
    limits,
    members,
    leaving,
    ...(name !== undefined && { name }),
    ...(rotateLogin !== undefined && { rotateLogin }),
  });
  say(options, configured, renderTenants([configured]));
}

/** Before it is done: afterwards nobody can find a person in the rows. */
async function tellOfLeaving(
  { clusters }: Platform,
  { id, slug }: Pick<Registered, 'id' | 'slug'>,
  leaving: readonly string[],
  out: Terminal,
): Promise<void> {
  const members = await inRegistry(clusters, (client) => membersOf(client, id));
  for (const user of leaving) {
    out.note(
      members.some((member) => member.user === user)
        ? `${user} leaves ${slug}: rows stay, without an owner, and nobody can forget ${user} in them any more (anonymise does, while ${user} belongs to it). Tokens last until they end.`
        : noMember(slug, user, members).message,
    );
  }
}

/** People as options name them. */
function named({
  admin = [],
  member = [],
}: Pick<ConfigureOptions, 'admin' | 'member'>): { user: string; role: 'admin' | 'member' }[] {
  return [
    ...admin.map((user) => ({ user, role: 'admin' as const })),
    ...member.map((user) => ({ user, role: 'member' as const })),
  ];
}

function changing(
  name: string,
  summary: string,
  change: (platform: Platform, tenant: string) => Promise<Registered>,
): Command {
  return tenantsCommandNamed(name, summary)
    .argument(...tenantArgument)
    .action(async (given: string, options: AccessOptions) => {
      const { platform } = await accessOf(options, terminal(true));
      const tenant = await change(platform, given);
      say(options, tenant, `${tenant.slug} is ${tenant.status}.`);
    });
}

function say({ json = false }: AccessOptions, tenant: Registered, words: string): void {
  terminal(true).result(json ? JSON.stringify(tenant, null, 2) : words);
}
