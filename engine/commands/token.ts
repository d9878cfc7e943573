import { type Role, roles } from '../../components/services/images/shared/claims';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { chooseMember, readMembers } from '../members';
import { migratorUrl } from '../login-urls';
import { readSecretOutputs } from '../outputs';
import { terminal } from '../terminal';
import { sign } from '../token';
import { type StackOptions, stackCommand } from './options';

interface TokenOptions extends StackOptions {
  readonly tenant: string;
  readonly user: string;
  readonly role?: Role;
  readonly minutes: number;
}

const longestMinutes = 24 * 60;

/** `token`: an access token for a member of a tenant. */
export function tokenCommand(): Command {
  return stackCommand('token', 'print an access token for a member of a tenant, and nothing else')
    .requiredOption('--tenant <slug>', 'the tenant')
    .requiredOption('--user <handle>', 'the member of the tenant')
    .addOption(
      new Option('--role <role>', "the member's own role (default) or a lower one").choices([
        ...roles,
      ]),
    )
    .addOption(
      new Option('--minutes <number>', 'how long it is valid').argParser(minutesFrom).default(15),
    )
    .action(token);
}

async function token({ stack, tenant, user, role, minutes }: TokenOptions): Promise<void> {
  // stdout is for the token alone, as with --json.
  const out = terminal(true);
  const outputs = await readSecretOutputs(stack, out);
  const members = await readMembers(migratorUrl(stack, outputs));
  const member = chooseMember(members, { tenant, user, ...(role !== undefined && { role }) });
  out.result(await sign(member, outputs.jwt, minutes));
}

function minutesFrom(text: string): number {
  const minutes = Number(text);
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= longestMinutes) return minutes;
  throw new InvalidArgumentError(`Allowed: a whole number from 1 to ${String(longestMinutes)}.`);
}
