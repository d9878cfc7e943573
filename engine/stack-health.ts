import { setTimeout as sleep } from 'node:timers/promises';
import { awsHealth } from './aws-health';
import { checkStack, type ServiceHealth } from './health';
import type { Outputs } from './outputs';
import { withStack } from './session';
import { exportState } from './state';
import type { Terminal } from './terminal';

/** Asks all services of a deployed stack, wherever they run: on AWS by what stands in the state. */
export async function stackHealth(
  name: string,
  outputs: Outputs,
  purpose: string,
  out: Terminal,
): Promise<ServiceHealth[]> {
  if (outputs.target !== 'aws') return checkStack(name, outputs);
  const options = { name, out, purpose, changes: false, create: false };
  const { resources = [] } = await withStack(options, exportState);
  return awsHealth(outputs.services, resources);
}

/** How long what a change has disturbed has to recover: a service whose database was restarted, say. */
const recoveryMs = 60_000;
const lookMs = 1_000;

/** Looks until everything is healthy, or until the time to recover is over. */
export async function recovered(
  look: () => Promise<ServiceHealth[]>,
  out: Pick<Terminal, 'note'>,
): Promise<ServiceHealth[]> {
  const end = Date.now() + recoveryMs;
  let told = '';
  for (;;) {
    const services = await look();
    const ill = services.filter(({ healthy }) => !healthy).map(({ name }) => name);
    if (ill.length === 0 || Date.now() >= end) return services;
    const waits = `Waiting for ${ill.join(', ')} to be healthy`;
    if (waits !== told) out.note(waits);
    told = waits;
    await sleep(lookMs);
  }
}
