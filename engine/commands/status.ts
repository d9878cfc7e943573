import type { Command } from 'commander';
import { notesOf, reasonsOf, type ServiceHealth } from '../health';
import { NotDeployed, type Outputs, readOutputs } from '../outputs';
import { stackHealth } from '../stack-health';
import { table, terminal } from '../terminal';
import { jsonOption, type StackOptions, stackCommand } from './options';

/** `status`: each service, healthy or why not; exits with 1 when one is not. */
export function statusCommand(): Command {
  return stackCommand(
    'status',
    'show each service: healthy, or why not; exits with 1 when one is not',
  )
    .addOption(jsonOption())
    .action(status);
}

async function status({ stack, json = false }: StackOptions): Promise<void> {
  const out = terminal(json);
  const outputs = await readDeployed(stack, json);
  if (outputs === undefined) return;
  const look = await stackHealth(stack, outputs, 'npm run status', out);
  const services = await look();
  const healthy = services.every((service) => service.healthy);
  if (!healthy) process.exitCode = 1;
  const { tier, target, entrance } = outputs;
  const told = { stack, tier, target, entrance, healthy, services };
  if (json) out.result(JSON.stringify(told, null, 2));
  else out.result(render(stack, outputs, services));
}

/** A script gets an answer for a stack that is not there, too. */
async function readDeployed(stack: string, json: boolean): Promise<Outputs | undefined> {
  try {
    return await readOutputs(stack, terminal(json));
  } catch (error) {
    if (!(error instanceof NotDeployed && json)) throw error;
    terminal(json).note(error.message);
    terminal(json).result(JSON.stringify({ stack, healthy: false, services: [] }, null, 2));
    process.exitCode = 1;
    return undefined;
  }
}

function render(
  stack: string,
  { tier, target, entrance }: Outputs,
  services: ServiceHealth[],
): string {
  const rows = services.map(({ name, kind, healthy, where }) => [
    name,
    kind,
    healthy ? 'healthy' : 'NOT HEALTHY',
    where,
  ]);
  const reasons = reasonsOf(services);
  const notes = notesOf(services);
  return [
    `Stack ${stack}: tier ${tier} on ${target}`,
    ...(entrance === '' ? [] : [`The domain’s DNS records have to lead to ${entrance}`]),
    '',
    table([['SERVICE', 'KIND', 'STATE', 'WHERE'], ...rows]),
    ...(notes.length > 0 ? ['', ...notes] : []),
    ...(reasons.length > 0 ? ['', ...reasons, '', 'npm run up repairs what can be repaired.'] : []),
  ].join('\n');
}
