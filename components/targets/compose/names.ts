import type { Service } from '../../services/service';
import { secretsOf } from '../files';

/** The service that lays out files and folders. No service of a deployment has a dot in its name. */
export const layoutName = 'strata.files';

/** The service that runs once everything is ready. */
export const doneName = 'strata.ready';

/** The one-off service that ends well once `service` answers. */
export function readyName(service: string): string {
  return `${service}.ready`;
}

/** The folder of a service's files and secrets, beside compose.yaml. */
export function runFolder(service: string): string {
  return `run/${service}`;
}

/** The volume of a service's files and secrets. */
export function filesVolume(service: string): string {
  return `run-${service}`;
}

/** Where the variables of an image stand that reads its secrets from nothing else. */
export function variablesFile(service: string): string {
  return `${runFolder(service)}.env`;
}

/** Whether a service is given files or secrets. */
export function hasFiles(service: Service): boolean {
  return Object.keys(service.files).length + Object.keys(secretsOf(service)).length > 0;
}
