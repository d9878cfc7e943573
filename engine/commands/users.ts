import { Command } from 'commander';
import { readMigratorUrl } from '../login-urls';
import { table, terminal } from '../terminal';
import { listUsers, revokeUser, type User } from '../users';
import { jsonOption, stackCommand, type StackOptions } from './options';

/** `users`: who is known to the platform, and whose tokens end now. */
export function usersCommand(): Command {
  const list = stackCommand('list', 'show users, where they belong and when they last signed in')
    .addOption(jsonOption())
    .action(listAction);
  const revoke = stackCommand('revoke', 'end all tokens and sessions of a user now')
    .argument('<user>', 'the handle or the id of the user, as list shows it')
    .addOption(jsonOption())
    .action(revokeAction);
  const users = new Command('users')
    .summary('list users, end their sessions')
    .description('Lists the users of the platform, and ends the sessions of one.');
  for (const command of [list, revoke]) {
    users.addCommand(
      command
        .exitOverride()
        .showHelpAfterError(`(users ${command.name()} --help shows what there is)`),
    );
  }
  return users;
}

async function listAction({ stack, json = false }: StackOptions): Promise<void> {
  const out = terminal(json);
  const users = await listUsers(await readMigratorUrl(stack, out));
  if (json) out.result(JSON.stringify(users, null, 2));
  else if (users.length === 0) out.result('There are no users.');
  else out.result(table([heading, ...users.map(row)]));
}

async function revokeAction(name: string, { stack, json = false }: StackOptions): Promise<void> {
  const out = terminal(json);
  const { id, handle } = await revokeUser(await readMigratorUrl(stack, out), name);
  if (json) out.result(JSON.stringify({ id, handle, revoked: true }, null, 2));
  else {
    out.result(
      `Ended all tokens and sessions of ${handle}. ` +
        'API keys stay (npm run keys -- revoke), and so does the account: it may sign in again.',
    );
  }
}

const heading = ['handle', 'id', 'member of', 'signs in by', 'last signed in'];

function row({ handle, id, memberships, identities, lastSignInAt }: User): string[] {
  return [
    handle,
    id,
    memberships.map(({ tenant, role }) => `${tenant} (${role})`).join(' ') || 'none',
    identities.map(({ provider }) => provider).join(' ') || 'nothing yet',
    lastSignInAt ? lastSignInAt.toISOString().slice(0, 16).replace('T', ' ') : 'never',
  ];
}
