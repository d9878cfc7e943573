import { probeArguments } from '../../../provider/docker/probe-arguments';
import type { Service } from '../../services/service';
import { healthTest, healthUrl } from '../health';
import { ended, helper } from './helper';
import { layoutName, readyName } from './names';
import type { ComposeService } from './service';

const timeoutSeconds = 180;

/**
 * Ends well once a service answers over the network: for images that hold nothing to ask with inside. Nothing for those
 * that are asked inside, and for workers without a port.
 */
export function readyService(service: Service, nodeImage: string): ComposeService | undefined {
  const url = probeUrl(service);
  if (url === undefined) return undefined;
  return helper(nodeImage, {
    entrypoint: ['node'],
    command: probeArguments([url], timeoutSeconds),
    depends_on: { [service.name]: { condition: 'service_started' } },
  });
}

/**
 * Starts once everything that runs to its end has ended well, and stays: `up --wait` takes a service that ended for one
 * that failed, unless another waits for its end. Costs a sleeping process.
 */
export function doneService(services: readonly Service[], nodeImage: string): ComposeService {
  const ends = services.flatMap((service) => {
    if (service.kind === 'job') return [service.name];
    return probeUrl(service) === undefined ? [] : [readyName(service.name)];
  });
  return helper(nodeImage, {
    network_mode: 'none',
    entrypoint: ['sleep', 'infinity'],
    depends_on: Object.fromEntries([layoutName, ...ends].map(ended)),
    restart: 'unless-stopped',
  });
}

/** Where a service has to be asked from outside of its container. */
export function probeUrl(service: Service): string | undefined {
  if (service.kind === 'job' || healthTest(service)) return undefined;
  return healthUrl(service);
}
