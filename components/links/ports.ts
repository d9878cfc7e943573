import type { Workload } from '../services/service';

/** Every port of a service that others ask; a worker has none. The first is that of its health. */
export function portsOf({ port, metrics, expose = [] }: Workload): number[] {
  const figures = metrics && 'port' in metrics ? [metrics.port] : [];
  return [...new Set([...(port === undefined ? [] : [port]), ...figures, ...expose])];
}
