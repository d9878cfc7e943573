import type { Command } from 'commander';
import { stopContainers } from '../../provider/docker/containers';
import { stopProcesses } from '../../provider/local/processes';
import { backendFor } from '../backend';
import { Engines } from '../engines';
import { UserError } from '../errors';
import { readOutputs, stackOption } from '../outputs';
import { findPulumi } from '../pulumi/find';
import { root } from '../root';
import { projectName } from '../session';
import { type Terminal, terminal } from '../terminal';
import { jsonOption, type StackOptions, stackCommand } from './options';

/** `down`: stops processes or containers and keeps data and credentials. */
export function downCommand(): Command {
  return stackCommand(
    'down',
    'stop the processes or containers of a stack; keeps data and credentials',
  )
    .addOption(jsonOption())
    .action(down);
}

async function down({ stack, json = false }: StackOptions): Promise<void> {
  const out = terminal(json);
  const place = { root, project: projectName(), stack, backend: backendFor(stack, root) };
  const engines = new Engines({ ...place, command: await findPulumi(out) });
  await engines.enter('npm run down', out);
  const stopped = await stopAll(stack, out).finally(() => {
    engines.leave();
  });
  if (json) {
    out.result(JSON.stringify({ stack, stopped }, null, 2));
    return;
  }
  out.result(stopped.length > 0 ? `Stopped: ${stopped.join(', ')}.` : 'Nothing was running.');
  out.result(`Data and credentials stay. npm run up${stackOption(stack)} starts everything again.`);
}

async function stopAll(stack: string, out: Terminal): Promise<string[]> {
  const { target, docker } = await readOutputs(stack, out);
  if (target === 'embedded') return stopProcesses(stack);
  if (target === 'docker') return stopContainers(docker.host, stack);
  throw new UserError(
    `Stack "${stack}" runs on the target "${target}", where "down" is not built yet; "embedded" and "docker" have it. ` +
      `"npm run destroy${stackOption(stack)}" removes it.`,
  );
}
