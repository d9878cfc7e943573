import type { TierName } from '../../settings/names';
import { serversOf } from '../../tiers/placement';
import type { Service } from '../service';
import { blackboxName, probeJobs } from './blackbox';
import type { Monitored } from './names';
import type { Watched } from './rules/rule';

/** Something that Prometheus reads. */
interface Target extends Watched {
  readonly port: number;
  readonly path: string;
}

/** How often everything is read that says nothing else of itself. */
export const global = {
  scrape_interval: '15s',
  scrape_timeout: '10s',
  evaluation_interval: '15s',
} as const;

/** All that has figures. */
export function targetsOf(services: readonly Service[], tier: TierName): Target[] {
  return services.flatMap((service) => {
    if (service.kind === 'job' || !service.metrics || !('port' in service.metrics)) return [];
    const { name, metrics, replicas } = service;
    return [{ job: name, ...metrics, replicas, servers: serversOf(tier, service) }];
  });
}

/** Who reads what: there is one Prometheus, and one more on each server of which there are several. */
export type Place = 'once' | 'each';

/**
 * The scrape jobs of what stands where the reader does, or where it finds it by its name alone. The prober asks what it
 * finds, wherever that is, so its jobs are read where it stands. Pure.
 */
export function scrapeJobs(settings: Monitored, services: readonly Service[], place: Place) {
  const here = (servers: number) => (place === 'each') === servers > 1;
  const prober = serversOf(settings.tier, { name: blackboxName });
  return [
    ...targetsOf(services, settings.tier)
      .filter(({ servers }) => here(servers))
      .map(scrape),
    ...(here(prober) ? probeJobs(settings, services) : []),
  ];
}

function scrape({ job, port, path, replicas }: Target) {
  return {
    job_name: job,
    metrics_path: path,
    // What a program says about itself must not look like another job's figures.
    honor_labels: false,
    sample_limit: 20_000,
    ...(replicas === 1
      ? { static_configs: [{ targets: [`${job}:${port}`] }] }
      : { dns_sd_configs: [{ names: [job], type: 'A', port, refresh_interval: '15s' }] }),
  };
}
