import { type Command, InvalidArgumentError, Option } from 'commander';
import { once } from 'node:events';
import { Development } from '../development';
import { UserError } from '../errors';
import { readSecretOutputs, stackOption } from '../outputs';
import { terminal } from '../terminal';
import { type StackOptions, stackCommand } from './options';

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
  const { databases, jwt, tenantLogins } = await readSecretOutputs(stack, out);
  const login = (role: string): string => {
    const url = databases[role];
    if (url !== undefined) return url;
    throw new UserError(
      `Stack "${stack}" has no database login ${role}: npm run up${stackOption(stack)}`,
    );
  };
  const development = new Development({
    app,
    port,
    secrets: {
      DATABASE_URL: login('strata_app'),
      OUTBOX_URL: login('strata_dispatcher'),
      JWT_KEY: jwt.key,
      TENANT_LOGINS: tenantLogins,
      ...(redis !== undefined && { REDIS_URL: redis }),
    },
    say: out.note,
  });
  const ended = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  development.start();
  await ended;
  await development.stop();
}

function portFrom(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError('Allowed: a whole number from 1 to 65535.');
}
