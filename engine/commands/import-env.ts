import { existsSync } from 'node:fs';
import path from 'node:path';
import { Argument, type Command } from 'commander';
import { customServiceProblems } from '../../components/settings/custom-problems';
import { settingsError } from '../../components/settings/errors';
import { readEnvFile } from '../env-file';
import { UserError } from '../errors';
import { type Imported, importCustomServices } from '../nself';
import { stackOption } from '../outputs';
import { root } from '../root';
import { StackServices } from '../stack-services';
import { type Terminal, terminal } from '../terminal';
import { jsonOption, type StackOptions, stackCommand } from './options';

interface ImportOptions extends StackOptions {
  readonly dryRun?: boolean;
}

/** `import-env`: the custom services of an nself project, as settings of a stack. */
export function importEnvCommand(): Command {
  return stackCommand('import-env', 'take over custom services (CS_1, CS_2 …) from a .env of nself')
    .addArgument(new Argument('<file>', 'the .env file'))
    .option('--dry-run', 'show what would be written, and write nothing')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nValues that look like secrets are never written: the commands that set them are printed, without the values.\n' +
        'A service that the stack has already is refused, so running the same line twice changes nothing the second time.',
    )
    .action(importEnv);
}

function importEnv(file: string, { stack, dryRun = false, json = false }: ImportOptions): void {
  const out = terminal(json);
  const config = StackServices.read(stack);
  const imported = importCustomServices(readEnvFile(file));
  refuse(imported, config, file);
  config.add(imported.services);
  if (!dryRun) config.save();
  const commands = imported.secrets.map(({ name }) => setSecret(name, stack));
  if (json) {
    const { services, secrets, left } = imported;
    const made = { stack, stackFile: config.name, services, secrets, commands, left, dryRun };
    out.result(JSON.stringify(made, null, 2));
  } else {
    report(imported, commands, config, dryRun, out);
  }
}

function refuse({ services, left }: Imported, config: StackServices, file: string): void {
  const names = Object.keys(services);
  if (names.length === 0) {
    const reasons = Object.entries(left).map(([key, reason]) => `  ${key} ${reason}`);
    throw new UserError(
      [`${file} holds no custom service (CS_1=name:template:port).`, ...reasons].join('\n'),
    );
  }
  if ((config.setting('target') ?? 'embedded') === 'embedded') {
    throw new UserError(
      `${config.name} is of target embedded, which runs no containers. Name a stack of another target: --stack dev`,
    );
  }
  const problems = Object.entries(services).flatMap(([name, service]) =>
    customServiceProblems(name, service),
  );
  if (problems.length > 0) throw settingsError(problems);
  const there = names.filter((name) => Object.hasOwn(config.customServices(), name));
  if (there.length > 0) {
    throw new UserError(`${config.name} has ${there.join(', ')} already. Nothing was changed.`);
  }
}

/** The value is typed in, or piped: it stands in no list of processes and in no history of a shell. */
function setSecret(name: string, stack: string): string {
  return `npm run pulumi -- config set --secret --path strata:secrets.${name} --stack ${stack}`;
}

function report(
  { services, secrets, left }: Imported,
  commands: readonly string[],
  config: StackServices,
  dryRun: boolean,
  out: Terminal,
): void {
  const names = Object.keys(services);
  out.result(`${dryRun ? 'Would add' : 'Added'} ${names.join(', ')} to ${config.name}.`);
  const contexts = Object.values(services).flatMap(({ build }) => build?.context ?? []);
  const missing = contexts.filter((context) => !existsSync(path.join(root, context)));
  const routed = names.filter((name) => services[name]?.route !== undefined);
  section(
    out,
    'These folders are not there yet: copy them here, or change build.context:',
    missing,
  );
  section(
    out,
    'These are open to anybody, as they were; "access: token" lets the gateway check tokens:',
    routed,
  );
  section(
    out,
    'These look like secrets and were not written. Set each (its value is asked for); the program then reads the ' +
      'file that <variable>_FILE names:',
    commands.map((command, index) => `${secrets[index]?.variable ?? ''}: ${command}`),
  );
  section(
    out,
    'Not taken over:',
    Object.entries(left).map(([key, reason]) => `${key} ${reason}`),
  );
  out.result(
    'A service that uses the database or the cache says so: "database: true", "redis: true" (docs/custom-services.md).',
  );
  out.result(`Next: npm run preview${stackOption(config.stack)}`);
}

function section(out: Terminal, title: string, lines: readonly string[]): void {
  if (lines.length > 0) out.result([title, ...lines.map((line) => `  ${line}`)].join('\n'));
}
