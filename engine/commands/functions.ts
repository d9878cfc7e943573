import { type Command, Option } from 'commander';
import { once } from 'node:events';
import { Development } from '../development';
import { loginUrl } from '../login-urls';
import { readSecretOutputs } from '../outputs';
import { terminal } from '../terminal';
import { portFrom, type StackOptions, stackCommand } from './options';

interface FunctionsOptions extends StackOptions {
  readonly app: string;
  readonly port: number;
  readonly redis?: string;
}

/** `functions`: functions while they are written, against the database of a deployed stack. */
export function functionsCommand(): Command {
  return stackCommand('functions', 'run functions while they are written, again after each change')
    .option('--app <folder>', 'the folder of the application', './app')
    .addOption(
      new Option('--port <number>', 'where HTTP functions answer')
        .argParser(portFrom)
        .default(3000),
    )
    .option(
      '--redis <url>',
      'for queues, such as redis://127.0.0.1:6379; without it their workers are left out',
    )
    .addHelpText(
      'after',
      '\nRuns on this machine, against the database of the stack, until Ctrl-C. Secrets of strata:functions.secrets are\n' +
        'not there, and the trigger of an onEvent is made by a deployment.',
    )
    .action(functions);
}

async function functions({ stack, app, port, redis }: FunctionsOptions): Promise<void> {
  const out = terminal(true);
  const outputs = await readSecretOutputs(stack, out);
  const development = new Development({
    app,
    port,
    secrets: {
      DATABASE_URL: loginUrl(stack, outputs, 'strata_app'),
      OUTBOX_URL: loginUrl(stack, outputs, 'strata_dispatcher'),
      JWT_KEY: outputs.jwt.key,
      TENANT_LOGINS: outputs.tenantLogins,
      ...(redis !== undefined && { REDIS_URL: redis }),
    },
    say: out.note,
  });
  const ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  development.start();
  await ended;
  await development.stop();
}
