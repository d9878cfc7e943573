import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { refusals } from '../../components/refusals';
import { composeBundle } from '../compose/bundle';
import { KeptValues } from '../compose/kept';
import { keptFile, writeBundle } from '../compose/write';
import { UserError } from '../errors';
import { stackSettings } from '../stack-settings';
import { terminal } from '../terminal';

interface RenderOptions {
  readonly stack: string;
  readonly out?: string;
  readonly secrets?: string;
  readonly json?: boolean;
}

/** `render compose`: what target docker deploys, as a bundle for `docker compose up`. */
export function renderCommand(): Command {
  const compose = new Command('compose')
    .summary('write compose.yaml and everything beside it')
    .description(
      'Writes a folder that "docker compose up --wait" runs: the same services, images, limits and checks as a ' +
        'deployment by Pulumi. Passwords and certificates are generated once and kept in the folder.',
    )
    .option('-s, --stack <name>', 'the stack whose Pulumi.<stack>.yaml is rendered', 'dev')
    .option('-o, --out <folder>', 'where to; compose-<stack> when not given')
    .option('--secrets <file>', 'a JSON file with the values of strata:secrets, by name')
    .option('--json', 'print what was written as JSON')
    .action(render);
  return new Command('render')
    .summary('write a deployment as files, for people without Pulumi')
    .description('Writes a deployment as files, for people without Pulumi.')
    .addCommand(compose);
}

async function render({ stack, out, secrets: file, json = false }: RenderOptions): Promise<void> {
  const secrets = file === undefined ? {} : readSecrets(file);
  const settings = stackSettings(stack, secrets, refusals);
  if (settings.target !== 'docker') {
    throw new UserError(
      `Stack "${stack}" is for target ${settings.target}; Compose runs what target docker does.`,
    );
  }
  if (Object.keys(settings.tenancy.shards).length > 0) {
    throw new UserError(
      `Stack "${stack}" has shards (strata:tenancy.shards: ${Object.keys(settings.tenancy.shards).join(', ')}); ` +
        'a bundle for Compose has one database: deploy with npm run up, or take the shards out.',
    );
  }
  const folder = path.resolve(out ?? `compose-${stack}`);
  const kept = KeptValues.read(path.join(folder, keptFile));
  const bundle = await composeBundle(stack, settings, secrets, kept);
  writeBundle(folder, bundle, kept);
  const built = Object.entries(bundle.contexts).flatMap(([service, entries]) =>
    entries.flatMap(({ name, type }) => (type === 'directory' ? [] : [`build/${service}/${name}`])),
  );
  const files = [...Object.keys(bundle.files), ...built].sort();
  terminal(json).result(
    json
      ? JSON.stringify({ stack, folder, files }, null, 2)
      : `${folder} holds ${String(files.length)} files. Start it: docker compose --project-directory ${folder} up --build --wait\n` +
          `Keep ${path.join(folder, keptFile)}: its passwords open the data.`,
  );
}

function readSecrets(file: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${(error as Error).message}`);
  }
  // The parser's own message would show a part of the text.
  const parsed = z.record(z.string(), z.string()).safeParse(parseJson(text));
  if (!parsed.success) {
    throw new UserError(`${file} must be a JSON object whose values are texts: {"name": "value"}.`);
  }
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
