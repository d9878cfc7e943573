import { vi } from 'vitest';
import type { AwsStandIn } from './stand-in';

/** Leads AWS's libraries and commands to a stand-in, by variables of the environment; `vi.unstubAllEnvs` undoes it. */
export function stubEnvironment({ endpoint }: AwsStandIn): void {
  vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'stand-in');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'stand-in');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
}
