import { z } from 'zod';
import type { Context, Resource } from '../host/resource';
import { differences } from '../local/changes';
import { untilOnline } from './agent';
import { computers, readAws, regionInput, systemsManager, withAws } from './api';
import { finish } from './invocation';
import { isStopped, start } from './power';
import { scriptFor } from './script';
import { running, send } from './sending';

/**
 * A command that runs on a server of EC2, as root: when the resource is made, and again when another command, server or
 * trigger is given. Systems Manager brings it there, so that no port is open for it.
 *
 * It starts a server that was stopped, waits until it listens, then until the command has ended. An exit code other than 0, or no end in time, is an
 * error with its last lines; the server's journal has them all (`journalctl -t strata`). An interrupted deployment cancels
 * it; one that could not takes it up again, if it is still the same, and ends it otherwise. Inputs are no secrets: AWS keeps
 * them in its history of commands.
 *
 * @example
 * new Command('data-release', {
 *   region, instanceId: server.id, command: ['/usr/local/bin/strata-release', 'apply', manifest.versionId],
 *   triggers: { server: server.id }, timeoutSeconds: 900, description: 'the release of data',
 * }, { parent: this });
 */
export interface CommandInputs {
  region: string;
  instanceId: string;
  /** Words: no shell reads them. */
  command: string[];
  /** Whatever should make it run again. */
  triggers: Record<string, string>;
  timeoutSeconds: number;
  /** For people, here and in AWS's console: what the command does. */
  description: string;
}

export interface CommandState extends CommandInputs {
  /** Its id in Systems Manager. */
  commandId: string;
  /** When it ended, ISO 8601. */
  ranAt: string;
  /** Whether the server has been stopped since. */
  stopped: boolean;
}

/** Less than Systems Manager's longest time for a command, which is two days. */
const longestSeconds = 24 * 60 * 60;
const longestComment = 100;

export const command: Resource<CommandInputs, CommandState> = {
  inputs: z.object({
    region: regionInput,
    instanceId: z.string().regex(/^i-[0-9a-f]{8,17}$/, 'must be the id of an instance: i-…'),
    command: z
      .array(
        z.string().refine((word) => !word.includes('{{') && !word.includes('\0'), {
          error: 'must not contain {{, which Systems Manager would fill in, nor a null byte',
        }),
      )
      .min(1),
    triggers: z.record(z.string(), z.string()),
    timeoutSeconds: z.int().min(1).max(longestSeconds),
    description: z.string().min(1).max(longestComment),
  }),
  computed: ['commandId', 'ranAt', 'stopped'],
  volatile: ['commandId', 'ranAt', 'stopped'],

  diff: (state, inputs) => ({
    ...differences(state, inputs, ['region', 'instanceId', 'command', 'triggers'], 'update'),
    ...(state.stopped && { stopped: 'update' as const }),
  }),

  create: async (inputs, context) => ({ id: context.name, state: await run(inputs, context) }),

  read: (_id, state, context) =>
    readAws(state, context, async () => {
      const ec2 = await computers(state.region);
      return { ...state, stopped: await isStopped(ec2, state.instanceId, context.signal) };
    }),

  update: (_id, _state, inputs, context) => run(inputs, context),

  delete: () => Promise.resolve(),
};

function run(inputs: CommandInputs, context: Context): Promise<CommandState> {
  return withAws(context, async () => {
    const { region, instanceId, timeoutSeconds } = inputs;
    const [ssm, ec2] = await Promise.all([systemsManager(region), computers(region)]);
    const deadline = Date.now() + timeoutSeconds * 1000;
    await start(ec2, instanceId, context, { deadline, signal: context.signal });
    await untilOnline(ssm, inputs, context);
    const script = scriptFor(inputs, context.urn);
    const commandId =
      (await running(ssm, inputs, script, context)) ?? (await send(ssm, inputs, script));
    await finish(ssm, { ...inputs, commandId }, context);
    return { ...inputs, commandId, ranAt: new Date().toISOString(), stopped: false };
  });
}
