import { Command } from 'commander';
import { dataCommands } from '../tenants/data';
import { lifeCommands } from '../tenants/life';
import { accessOf, tenantsCommandNamed, type AccessOptions } from '../tenants/access';
import { terminal } from '../terminal';
import {
  migrateTenants,
  showMigrationStatus,
  withMigrateOptions,
  type MigrateOptions,
} from './tenants-migrate';

/** `tenants`: the life of tenants, from the first day to the last. */
export function tenantsCommand(): Command {
  const tenants = new Command('tenants')
    .summary('make, list, change, copy, move and delete tenants')
    .description(
      'Makes, lists, changes, copies, moves and deletes tenants, and keeps their own tables at the program’s version. ' +
        'What a script reads goes to stdout, everything else to stderr.',
    );
  for (const command of [...lifeCommands(), ...dataCommands(), migrateCommand(), statusCommand()]) {
    tenants.addCommand(
      command
        .exitOverride()
        .showHelpAfterError(`(tenants ${command.name()} --help shows what there is)`),
    );
  }
  return tenants;
}

function migrateCommand(): Command {
  const summary = 'bring the tables of tenants with their own to the program’s';
  return withMigrateOptions(tenantsCommandNamed('migrate', summary)).action(
    async (options: AccessOptions & MigrateOptions) => {
      const out = terminal(true);
      const { platform } = await accessOf(options, out);
      await migrateTenants(platform, options, out);
    },
  );
}

function statusCommand(): Command {
  const summary = 'show which tenants’ own tables are behind; exits with 1 when one is';
  return tenantsCommandNamed('status', summary).action(async (options: AccessOptions) => {
    const out = terminal(true);
    const { platform } = await accessOf(options, out);
    await showMigrationStatus(platform, options, out);
  });
}
