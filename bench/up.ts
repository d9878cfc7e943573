import { stringify } from 'yaml';
import { compose, findCompose } from '../test/support/compose';
import { removeAll } from '../test/support/docker';
import { dockerConfig, lendPlugins, whyNoPlatform, whyNoPlugins } from '../test/support/lab';
import { Workspace } from '../test/support/workspace';
import { figures, ratios, type Table } from './figures';
import { timed } from './timed';

const pairs = 3;
/** Engine names of a stack and of a Compose project, which never meet. */
const stack = 'local';
const project = 'strata-bench';

/**
 * From nothing to all healthy: `npm run up` on a Docker engine, and the same services of the same images by
 * `docker compose up --wait` from the rendered bundle, in turn. Images that are built are there before both.
 */
export async function up(): Promise<Table> {
  const found = findCompose();
  if ('reason' in found) throw new Error(found.reason);
  const workspace = await prepared();
  const bundle = workspace.path('bundle');
  const seconds = { up: [] as number[], compose: [] as number[] };
  try {
    for (let pair = 0; pair <= pairs; pair += 1) {
      const one = await timed(() => workspace.succeed('up'));
      await workspace.succeed('destroy', '--yes', '--with-data');
      await workspace.succeed('render', 'compose', '--stack', stack, '--out', bundle);
      const other = await timed(() =>
        compose(found.words, bundle, '--project-name', project, 'up', '--detach', '--wait'),
      );
      compose(found.words, bundle, '--project-name', project, 'down', '--volumes');
      // The first pair builds the images.
      if (pair === 0) continue;
      seconds.up.push(one);
      seconds.compose.push(other);
      process.stderr.write(`pair ${pair} of ${pairs}\n`);
    }
    return {
      'npm run up, s': figures(seconds.up),
      'docker compose up --wait, s': figures(seconds.compose),
      'up / compose': ratios(seconds.up, seconds.compose),
    };
  } finally {
    await gone(workspace);
  }
}

/** An `up` that has nothing to do, on a Docker platform, against one of a program that declares nothing. */
export async function unchanged(): Promise<Table> {
  const workspace = await prepared();
  const empty = await Workspace.create();
  empty.write('index.ts', 'export {};\n');
  const seconds = { platform: [] as number[], empty: [] as number[] };
  // The engine alone: `npm run up` on an empty program has no outputs to print.
  const engine = (one: Workspace) =>
    one.succeed('pulumi', '--', 'up', '--yes', '--skip-preview', '--stack', stack);
  try {
    await workspace.succeed('up');
    await empty.succeed('pulumi', '--', 'stack', 'init', stack);
    await engine(empty);
    for (let pair = 0; pair < pairs; pair += 1) {
      seconds.platform.push(await timed(() => engine(workspace)));
      seconds.empty.push(await timed(() => engine(empty)));
      process.stderr.write(`pair ${pair + 1} of ${pairs}\n`);
    }
    return {
      'platform without a change, s': figures(seconds.platform),
      'empty program without a change, s': figures(seconds.empty),
      'platform / empty': ratios(seconds.platform, seconds.empty),
    };
  } finally {
    await empty.dispose();
    await gone(workspace);
  }
}

/** A copy of the project whose stack is a platform on this machine's Docker engine. */
async function prepared(): Promise<Workspace> {
  const missing = whyNoPlugins() ?? (await whyNoPlatform());
  if (missing !== undefined) throw new Error(missing);
  await removeAll(`strata-${stack}-`);
  const workspace = await Workspace.create();
  lendPlugins(workspace);
  workspace.write('Pulumi.local.yaml', stringify({ config: await dockerConfig() }));
  return workspace;
}

async function gone(workspace: Workspace): Promise<void> {
  await removeAll(`strata-${stack}-`);
  await removeAll(project);
  await workspace.dispose();
}
