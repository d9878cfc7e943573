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
