import { setTimeout as sleep } from 'node:timers/promises';
import { awsHealth } from './aws-health';
import { checkStack, type ServiceHealth } from './health';
import type { Outputs } from './outputs';
import { withStack } from './session';
import { exportState } from './state';
import type { Terminal } from './terminal';

/** Asks all services of a deployed stack, as often as it is called. */
type Look = () => Promise<ServiceHealth[]>;

/** How the services of a deployed stack are looked at, wherever they run: on AWS by what stands in the state. */
export async function stackHealth(
  name: string,
  outputs: Outputs,
  purpose: string,
  out: Terminal,
): Promise<Look> {
  if (outputs.target !== 'aws') return () => checkStack(name, outputs);
  const options = { name, out, purpose, changes: false, create: false };
  const { resources = [] } = await withStack(options, exportState);
  return () => awsHealth(outputs.services, resources);
}

/** How long what a change has disturbed has to recover: a service whose database was restarted, say. */
const recoveryMs = 60_000;
const lookMs = 2_000;

/** Looks until everything is healthy, or the time to recover is over. Throws what the signal is aborted with. */
export async function recovered(
  look: Look,
  out: Pick<Terminal, 'note'>,
  signal: AbortSignal,
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
    await sleep(lookMs, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
  }
}
