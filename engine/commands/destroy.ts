import { rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { type Command } from 'commander';
import { stopProcesses } from '../../provider/local/processes';
import { UserError } from '../errors';
import { stackOption } from '../outputs';
import { type Exported, exportState, forgetPendingCreates } from '../pending';
import { root } from '../root';
import { type Session, withStack } from '../session';
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
    const volumes = volumesIn(await exportState(session.stack));
    if (!yes) await ask(name, withData ? volumes : undefined);
    await forgetPendingCreates(session.stack, out);
    if (withData) await deleteAll(session, volumes, out);
    else await deleteServices(session);
  });
  out.result(
    withData
      ? `Stack "${name}" is gone, with its data and credentials.`
      : `Data and credentials stay. npm run up${stackOption(name)} deploys on them again; ` +
          'npm run destroy -- --with-data deletes them.',
  );
}

/** What protected data depends on stays in the state too, its server among it; that has to be stopped all the same. */
async function deleteServices({ stack, live }: Session): Promise<void> {
  await stack.destroy({ ...live, excludeProtected: true });
  await stopProcesses(stack.name);
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
  stack.workspace.envVars.STRATA_DELETE_DATA = volumes.map((volume) => volume.token).join(',');
  await stack.destroy(live);
  rmSync(path.join(root, '.strata', 'stacks', stack.name), { recursive: true, force: true });
}

interface Volume {
  /** What says that this very volume may be deleted: `<stack>/<name>`. */
  readonly token: string;
  readonly path: string;
}

/** The volumes in a stack's state, with what says that each may be deleted. */
export function volumesIn({ resources = [] }: Exported): Volume[] {
  return resources.flatMap(({ type, urn, inputs }) => {
    if (type !== 'strata:local:Volume') return [];
    const parts = urn.split('::');
    const stack = parts[0]?.replace('urn:pulumi:', '') ?? '';
    const folder = (inputs as { path?: unknown } | undefined)?.path;
    return [
      { token: `${stack}/${parts.at(-1) ?? ''}`, path: typeof folder === 'string' ? folder : urn },
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
    for (const { path: folder } of volumes)
      process.stdout.write(`  - all databases in ${folder}\n`);
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
