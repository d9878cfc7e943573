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
  if (limit === undefined) return undefined;
  return Number.parseInt(limit, 10) * 2 ** (limit.endsWith('G') ? 30 : 20);
}
