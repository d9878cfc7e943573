import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { customServiceProblems } from '../../components/settings/custom-problems';
import type { CustomServiceInput } from '../../components/settings/custom';
import { settingsError } from '../../components/settings/errors';
import { UserError } from '../errors';
import { stackOption } from '../outputs';
import { root } from '../root';
import { StackServices } from '../stack-services';
import {
  copyTemplate,
  type TemplateName,
  templateFiles,
  templateNames,
  templates,
} from '../templates';
import { terminal } from '../terminal';
import { jsonOption, type StackOptions, stackCommand } from './options';

interface NewServiceOptions extends StackOptions {
  readonly template: TemplateName;
  readonly port?: number;
  readonly path?: string;
  readonly subdomain?: string;
  readonly dryRun?: boolean;
}

/** Of the first custom service; the next ones have the numbers behind it. */
const firstPort = 8001;

/** `new-service`: a custom service from a template, and its lines in the stack's file. */
export function newServiceCommand(): Command {
  return stackCommand('new-service', 'make a custom service from a template, ready to deploy')
    .addArgument(new Argument('<name>', 'lower-case letters, digits and -'))
    .addOption(
      new Option('-t, --template <name>', 'what it starts from')
        .choices(templateNames)
        .default('node'),
    )
    .addOption(
      new Option(
        '--port <number>',
        `where it listens; the next free one from ${firstPort}`,
      ).argParser(portFrom),
    )
    .option('--path </path>', 'the gateway passes on everything below, without the path')
    .option('--subdomain <label>', 'the gateway passes on <label>.<domain>')
    .option('--dry-run', 'show what would be made, and make nothing')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nWithout --path and --subdomain only other services reach it. A name, folder or port that is taken is refused,\n' +
        'so running the same line twice changes nothing the second time.',
    )
    .action(newService);
}

function newService(name: string, options: NewServiceOptions): void {
  const { stack, template, dryRun = false, json = false } = options;
  const out = terminal(json);
  const config = StackServices.read(stack);
  const folder = path.join(applicationFolder(config), 'services', name);
  const service = describe(folder, options, config);
  refuse(name, service, folder, config);

  config.add({ [name]: service });
  if (!dryRun) write(name, template, folder, config);

  const files = templateFiles(template).map((file) => path.join(folder, file));
  const made = { stack, name, template, folder, files, stackFile: config.name, service, dryRun };
  if (json) {
    out.result(JSON.stringify(made, null, 2));
    return;
  }
  out.result(`${dryRun ? 'Would make' : 'Made'} ${files.join(', ')}`);
  out.result(`${dryRun ? 'Would add' : 'Added'} strata:customServices.${name} to ${config.name}`);
  const prepare =
    'command' in service ? `cd ${folder} && ${templates[template].prepare}; then ` : '';
  out.result(`Next: ${prepare}npm run up${stackOption(stack)}`);
}

/** Where the user's own code stands: `strata:app`. */
function applicationFolder(config: StackServices): string {
  const given = config.setting('app') ?? './app';
  if (typeof given === 'string') return path.normalize(given);
  throw new UserError(`${config.name}: strata:app is not the path of a folder.`);
}

/** What stands in the stack's file: an image that is built, or where there are no containers, a command. */
function describe(
  folder: string,
  { template, port, path: given, subdomain }: NewServiceOptions,
  config: StackServices,
): CustomServiceInput {
  const place = `./${folder}`;
  const route = {
    ...(given !== undefined && { path: `${given.replace(/\/+$/, '')}/`, upstreamPath: '/' }),
    ...(subdomain !== undefined && { subdomain }),
  };
  return {
    ...(embedded(config)
      ? { command: [...templates[template].command], workdir: place }
      : { build: { context: place } }),
    port: port ?? freePort(config),
    health: '/healthz',
    ...(Object.keys(route).length > 0 && { route }),
    database: true,
    verifiesTokens: true,
  };
}

function embedded(config: StackServices): boolean {
  return (config.setting('target') ?? 'embedded') === 'embedded';
}

function refuse(
  name: string,
  service: CustomServiceInput,
  folder: string,
  config: StackServices,
): void {
  const problems = customServiceProblems(name, service);
  if (problems.length > 0) throw settingsError(problems);
  const owner = portsOf(config).get(service.port ?? 0);
  const reasons = [
    ...(Object.hasOwn(config.customServices(), name)
      ? [`${config.name} has a service ${name} already.`]
      : []),
    ...(existsSync(path.join(root, folder)) ? [`${folder} is there already.`] : []),
    ...(service.route && embedded(config)
      ? ['Target embedded has no gateway: leave --path and --subdomain out.']
      : []),
    ...(owner === undefined
      ? []
      : [`Port ${service.port ?? ''} is ${owner}'s already; ${freePort(config)} is free.`]),
  ];
  if (reasons.length > 0) throw new UserError([...reasons, 'Nothing was changed.'].join('\n'));
}

function freePort(config: StackServices): number {
  const taken = portsOf(config);
  let port = firstPort;
  while (taken.has(port)) port += 1;
  return port;
}

/** The ports that the stack's file names, and whose they are. */
function portsOf(config: StackServices): ReadonlyMap<unknown, string> {
  const own = Object.entries(config.setting('ports') ?? {}).map(
    ([name, port]) => [port, `strata:ports.${name}`] as const,
  );
  const custom = Object.entries(config.customServices()).flatMap(([name, { port, publish }]) => [
    [port, name] as const,
    [publish, name] as const,
  ]);
  return new Map([...own, ...custom]);
}

/** All of it or nothing: what was copied goes again when the stack's file cannot be written. */
function write(name: string, template: TemplateName, folder: string, config: StackServices): void {
  const made = path.join(root, folder);
  try {
    copyTemplate(template, name, made);
    config.save();
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    throw error;
  }
}

function portFrom(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1024 && port <= 65535) return port;
  throw new InvalidArgumentError('Allowed: a whole number from 1024 to 65535.');
}
