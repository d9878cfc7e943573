import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { type Command } from 'commander';
import { stackFolder, volumesOf } from '../../provider/local/folders';
import { stopContainers } from '../../provider/docker/containers';
import { parseUrn } from '../../provider/host/urn';
import { stopProcesses } from '../../provider/local/processes';
import { keepsData } from '../change/endangered';
import { deletionToken, deletionVariable, holdingTypes } from '../deletion';
import { UserError } from '../errors';
import { refuseGuarded } from '../guarded';
import { announced } from '../hooks/announce';
import { stackOption } from '../outputs';
import { settlePendingCreates } from '../pending';
import { type Session, withStack } from '../session';
import { dockerOf, type Exported, exportState } from '../state';
import { type Terminal, terminal } from '../terminal';
import { type StackOptions, stackCommand } from './options';

interface DestroyOptions extends StackOptions {
  readonly yes?: boolean;
  readonly withData?: boolean;
}

/** `destroy`: Pulumi's destroy; protected data is left alone unless it is asked for. */
export function destroyCommand(): Command {
  return stackCommand(
    'destroy',
    'remove the deployment; data and its credentials only with --with-data',
  )
    .option('--yes', 'do not ask')
    .option('--with-data', 'delete the data and the credentials as well')
    .action(destroy);
}

async function destroy({
  stack: name,
  yes = false,
  withData = false,
}: DestroyOptions): Promise<void> {
  if (!yes && !process.stdin.isTTY) {
    throw new UserError(
      `Nobody is there to ask whether stack "${name}" is to be destroyed: add --yes to say so.`,
    );
  }
  const out = terminal(false);
  const options = { name, out, purpose: 'npm run destroy', changes: true, create: false };
  await withStack(options, async (session) => {
    // What a killed run has left is listed with the rest.
    await settlePendingCreates(session, out);
    const state = await exportState(session);
    const volumes = volumesIn(state);
    if (withData) {
      refuseUnlisted(name, volumes);
      refuseGuarded(name, state.resources);
    }
    if (!yes) await ask(name, withData ? volumes : undefined);
    await announced(name, 'destroyed', out, async ({ onEvent }) => {
      const watched = { ...session, live: { ...session.live, ...(onEvent && { onEvent }) } };
      if (withData) await deleteAll(watched, volumes, out);
      else await deleteServices(watched);
    });
  });
  out.result(
    withData
      ? `Stack "${name}" is gone, with its data and credentials.`
      : `Data and credentials stay. npm run up${stackOption(name)} deploys on them again; ` +
          'npm run destroy -- --with-data deletes them.',
  );
}

/** What protected data depends on stays in the state too, its server among it; that has to be stopped all the same. */
async function deleteServices(session: Session): Promise<void> {
  const { stack, live, pulumi } = session;
  // Not the one that people were asked about: meanwhile another machine may have changed it.
  const state = await exportState(session);
  const engine = dockerOf(state);
  // A deployment that was to give something up, and failed, has left it without protection.
  for (const { urn } of unprotected(state)) {
    await pulumi(['state', 'protect', urn, '--yes', '--stack', stack.name]);
  }
  await stack.destroy({ ...live, excludeProtected: true });
  await stopProcesses(stack.name);
  if (engine) await stopContainers(engine.host, stack.name);
}

async function deleteAll(
  session: Session,
  volumes: readonly Volume[],
  out: Terminal,
): Promise<void> {
  const { stack, live, pulumi } = session;
  if (volumes.length > 0) {
    out.note(`Deleting the data of ${volumes.map((volume) => volume.token).join(', ')}.`);
  }
  await pulumi(['state', 'unprotect', '--all', '--yes', '--stack', stack.name]);
  stack.workspace.envVars[deletionVariable] = volumes.map((volume) => volume.token).join(',');
  await stack.destroy(live);
  // What the state has forgotten may still run, and its folder goes now.
  await stopProcesses(stack.name);
  refuseUnlisted(stack.name, []);
  rmSync(stackFolder(stack.name), { recursive: true, force: true });
}

/** Only data that was named is deleted: the state may have been lost, or a volume taken out of it by hand. */
function refuseUnlisted(stack: string, volumes: readonly Volume[]): void {
  const listed = volumes.map((volume) => volume.path);
  const unlisted = volumesOf(stack).filter((folder) => !listed.includes(folder));
  if (unlisted.length === 0) return;
  throw new UserError(
    `Stack "${stack}" has data that its state does not list: ${unlisted.join(', ')}. Move it away, or delete it by ` +
      `hand if it is not needed any more; then run this again. (npm run up${stackOption(stack)} takes up the ` +
      'volumes that the program names.)',
  );
}

interface Volume {
  /** What says that this very volume may be deleted. */
  readonly token: string;
  readonly path: string;
}

/** Some of these hold what can be made again, replicas and releases: they are not protected. */
const passing = ['aws:rds/instance:Instance', 'aws:s3/bucket:Bucket'];

/** What keeps data or opens it, and would go with a plain `destroy`. */
function unprotected({ resources = [] }: Exported): NonNullable<Exported['resources']> {
  return resources.filter((one) => one.protect !== true && keepsData(one));
}

/** The volumes in a stack's state, and what else holds data, with what says that each may be deleted. */
export function volumesIn({ resources = [] }: Exported): Volume[] {
  return resources.flatMap(({ type, urn, inputs, protect }) => {
    if (!holdingTypes.includes(type)) return [];
    if (passing.includes(type) && protect !== true && !keepsData({ urn, type })) return [];
    const { stack, name } = parseUrn(urn);
    const { path: folder, volume } = (inputs ?? {}) as { path?: unknown; volume?: unknown };
    const place = folder ?? volume;
    return [
      {
        token: deletionToken(stack, name, type),
        path: typeof place === 'string' ? place : urn,
      },
    ];
  });
}

async function ask(stack: string, volumes: readonly Volume[] | undefined): Promise<void> {
  if (volumes === undefined) {
    const answer = await question(
      `Destroy stack "${stack}"? Its services go; its data and credentials stay. [y/N] `,
    );
    if (/^y(es)?$/i.test(answer)) return;
  } else {
    process.stdout.write('This deletes for good, without a backup:\n');
    for (const { path: folder } of volumes) process.stdout.write(`  - everything in ${folder}\n`);
    process.stdout.write(`  - all credentials of stack "${stack}"\n`);
    if ((await question(`Type the name of the stack (${stack}) to go on: `)) === stack) return;
  }
  throw new UserError('Nothing was destroyed.');
}

/** The line that was typed; empty when there was none (Ctrl-C, end of input). */
async function question(text: string): Promise<string> {
  const readline = createInterface({ input: process.stdin, output: process.stdout });
  const closed = new Promise<string>((resolve) =>
    readline.once('close', () => {
      resolve('');
    }),
  );
  try {
    return (await Promise.race([readline.question(text), closed])).trim();
  } finally {
    readline.close();
  }
}
