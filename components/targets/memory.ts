import { bytesOf } from '../settings/sizes';
import type { Service } from '../services/service';

/** Of a job that says none: it runs beside the platform, and must not take its host's memory. */
const ofJobs = '512M';

/** How much memory a service may take at most, such as `512M`; nothing when it has no limit. */
export function memoryLimit({ kind, resources }: Service): string | undefined {
  return resources?.memory ?? (kind === 'job' ? ofJobs : undefined);
}

/** The same in bytes. */
export function memoryBytes(service: Service): number | undefined {
  const limit = memoryLimit(service);
  return limit === undefined ? undefined : bytesOf(limit);
}
