import { Command, CommanderError } from 'commander';
import { auditCommand } from './commands/audit';
import { costCommand } from './commands/cost';
import { deployHookCommand } from './commands/deploy-hook';
import { destroyCommand } from './commands/destroy';
import { downCommand } from './commands/down';
import { functionsCommand } from './commands/functions';
import { importEnvCommand } from './commands/import-env';
import { importSupabaseCommand } from './commands/import-supabase';
import { keysCommand } from './commands/keys';
import { lockImagesCommand } from './commands/lock-images';
import { moveDatabaseCommand } from './commands/move-database';
import { newServiceCommand } from './commands/new-service';
import { renderCommand } from './commands/render';
import { preflightCommand } from './commands/preflight';
import { previewCommand } from './commands/preview';
import { pulumiCommand } from './commands/pulumi';
import { schemaCommand } from './commands/schema';
import { statusCommand } from './commands/status';
import { tenantsCommand } from './commands/tenants';
import { tokenCommand } from './commands/token';
import { upCommand } from './commands/up';
import { usersCommand } from './commands/users';
import { UserError } from './errors';
import { toleratesReadersThatLeave } from './terminal';

const usageError = 2;

/** The npm commands: `npm run <command> -- <options>`. */
export function program(): Command {
  const strata = new Command('strata')
    .description('A complete multi-tenant backend platform as one Pulumi program.')
    .usage('<command> [options]      (npm run <command> -- [options])')
    .enablePositionalOptions();
  const commands = [
    upCommand(),
    previewCommand(),
    downCommand(),
    destroyCommand(),
    statusCommand(),
    tokenCommand(),
    pulumiCommand(),
    keysCommand(),
    tenantsCommand(),
    usersCommand(),
    auditCommand(),
    functionsCommand(),
    renderCommand(),
    costCommand(),
    preflightCommand(),
    moveDatabaseCommand(),
    newServiceCommand(),
    importEnvCommand(),
    importSupabaseCommand(),
    lockImagesCommand(),
    deployHookCommand(),
    schemaCommand(),
  ];
  for (const command of commands) strata.addCommand(command);
  for (const command of [strata, ...commands]) {
    command.exitOverride().showHelpAfterError(`(${command.name()} --help shows what there is)`);
  }
  return strata;
}

/** Runs one command line and sets the process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  toleratesReadersThatLeave();
  try {
    await program().parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** What a file system says that a person can mend: rights, a folder in a file's place, a full or read-only disk. */
const ofTheMachine = new Set(['EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOTDIR', 'ENOSPC']);

/** Shows an error once; a stack trace only for a mistake of ours. */
function report(error: unknown): number {
  // Commander has written its own sentence; help that was asked for is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageError;
  if (error instanceof UserError) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && ofTheMachine.has(code)) {
    process.stderr.write(`${path ?? 'A file'} cannot be used: ${message}\n`);
    return 1;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`This is a mistake in Strata, not yours:\n${text}\n`);
  return 1;
}

void main(process.argv);
