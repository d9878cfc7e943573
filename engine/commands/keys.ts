import { Command, InvalidArgumentError, Option } from 'commander';
import { type Role, roles } from '../../components/services/images/shared/claims';
import { scopes } from '../../components/services/scopes';
import { type ApiKey, issueKey, listKeys, revokeKey } from '../api-keys';
import { chooseMember, readMembers } from '../members';
import { nearest } from '../nearest';
import { readMigratorUrl } from '../login-urls';
import { table, terminal } from '../terminal';
import { jsonOption, type StackOptions, stackCommand } from './options';

interface TenantOptions extends StackOptions {
  readonly tenant: string;
}

interface IssueOptions extends TenantOptions {
  readonly user: string;
  readonly name: string;
  readonly scope: readonly string[];
  readonly role: Role;
  readonly days: number;
}

const mostDays = 365;

/** `keys`: API keys of tenants. */
export function keysCommand(): Command {
  const issue = tenantCommand('issue', 'make a key that acts as a member, and print it this once')
    .requiredOption('--user <handle>', 'the member that it acts as')
    .requiredOption('--name <text>', 'what it is for')
    .addOption(
      new Option('--scope <scope>', `what it opens, may stand again: ${scopes.join(', ')}`)
        .argParser(scopesFrom)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--role <role>', 'what it may be at most').choices([...roles]).default('member'),
    )
    .addOption(
      new Option('--days <number>', 'how long it is valid').argParser(daysFrom).default(90),
    )
    .action(issueAction);
  const list = tenantCommand('list', 'show the keys of a tenant').action(listAction);
  const revoke = tenantCommand('revoke', 'end a key')
    .argument('<id>', 'the id of the key, as list shows it')
    .action(revokeAction);
  const keys = new Command('keys')
    .summary('issue, list and revoke API keys of tenants')
    .description('Issues, lists and revokes API keys: what programs of a tenant sign in with.');
  for (const command of [issue, list, revoke]) {
    keys.addCommand(
      command
        .exitOverride()
        .showHelpAfterError(`(keys ${command.name()} --help shows what there is)`),
    );
  }
  return keys;
}

function tenantCommand(name: string, summary: string): Command {
  return stackCommand(name, summary)
    .requiredOption('--tenant <slug>', 'the tenant')
    .addOption(jsonOption());
}

async function issueAction(options: IssueOptions): Promise<void> {
  const { stack, tenant, user, role, name, scope, days, json = false } = options;
  // The key alone goes to stdout, so that it can be piped to where secrets are kept.
  const out = terminal(true);
  const url = await readMigratorUrl(stack, out);
  const member = chooseMember(await readMembers(url), { tenant, user, role });
  const { id, text, expiresAt } = await issueKey(url, member, { name, scopes: scope, days });
  if (json) {
    const result = { id, key: text, tenant, user, role, scopes: scope, expiresAt };
    out.result(JSON.stringify(result, null, 2));
    return;
  }
  out.note(`Key ${id} of ${tenant} acts as ${user} (${role}) until ${expiresAt.toISOString()}.`);
  out.note(
    'It is shown this once: keep it where secrets are kept. Send it as the header X-API-Key.',
  );
  out.result(text);
}

async function listAction({ stack, tenant, json = false }: TenantOptions): Promise<void> {
  const out = terminal(json);
  const keys = await listKeys(await readMigratorUrl(stack, out), tenant);
  if (json) out.result(JSON.stringify(keys, null, 2));
  else if (keys.length === 0) out.result(`${tenant} has no API keys.`);
  else out.result(table([heading, ...keys.map(row)]));
}

async function revokeAction(
  id: string,
  { stack, tenant, json = false }: TenantOptions,
): Promise<void> {
  const out = terminal(json);
  const revoked = await revokeKey(await readMigratorUrl(stack, out), tenant, id);
  if (json) out.result(JSON.stringify({ id, tenant, revoked }, null, 2));
  else out.result(revoked ? `Revoked ${id}.` : `${id} had been revoked before.`);
}

const heading = ['id', 'name', 'acts as', 'role', 'scopes', 'state', 'until', 'uses', 'last used'];

function row(key: ApiKey): string[] {
  return [
    key.id,
    key.name,
    key.user,
    key.role,
    key.scopes.join(' '),
    key.state,
    day(key.expiresAt),
    String(key.useCount),
    key.lastUsedAt ? day(key.lastUsedAt) : 'never',
  ];
}

function day(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function scopesFrom(text: string, before: readonly string[] = []): string[] {
  if (!scopes.includes(text)) {
    const guess = nearest(text, scopes);
    throw new InvalidArgumentError(
      `${guess ? `Did you mean ${guess}? ` : ''}Allowed: ${scopes.join(', ')}.`,
    );
  }
  return [...new Set([...before, text])];
}

function daysFrom(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= mostDays) return days;
  throw new InvalidArgumentError(`Allowed: a whole number from 1 to ${String(mostDays)}.`);
}
