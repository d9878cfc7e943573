import type * as docker from '@pulumi/docker';
import type * as pulumi from '@pulumi/pulumi';
import { Ready } from '../../../provider/sdk';
import type { Workload } from '../../services/service';
import { loopback } from '../addresses';
import { publicEndpoints } from '../endpoints';
import { fileText } from '../files';
import { healthTest, healthUrl } from '../health';
import type { Placed, SecretValue, ServiceArgs } from '../target';
import { container, type Parts, type Published } from './container';
import { serviceFiles } from './files';
import { image } from './image';
import { engineName } from './names';
import { isRemote } from './reach';
import type { Engine } from './site';

const healthTimeoutSeconds = 180;

/**
 * A container for each replica, one after the other: the next is touched only once the one before is healthy, so a
 * service with two or more never stands still.
 */
export function workload(
  engine: Engine,
  args: ServiceArgs<Workload>,
  opts: pulumi.CustomResourceOptions,
): Placed {
  const { service } = args;
  const parts = partsOf(engine, args, opts);
  const replicas = Array.from({ length: service.replicas }, (_, index) => index + 1);
  const ready = replicas.reduce<Ready[]>((before, replica) => {
    const after = { ...opts, dependsOn: [...dependencies(opts), ...before.slice(-1)] };
    const published = [...parts.published, ...(replica === 1 ? reached(service) : [])];
    const made = container(engine, service, replica, { ...parts, published }, after);
    return [...before, readiness(engine, service, replica, made, after)];
  }, []);
  const last = ready.at(-1);
  if (!last) throw new Error(`service ${service.name} has no replica`);
  return {
    name: service.name,
    kind: 'workload',
    resource: last,
    where: where(service.replicas),
    ...(service.reach && { reach: reachUrl(service.reach, engine.host) }),
    endpoints: publicEndpoints(engine.settings, service),
  };
}

/** Exists once the container is healthy; what needs the service waits for this. */
export function readiness(
  engine: Engine,
  service: Workload,
  replica: number,
  made: docker.Container,
  opts: pulumi.CustomResourceOptions,
): Ready {
  const probe = healthTest(service) ? undefined : healthUrl(service);
  return new Ready(
    `${service.name}-${replica}-ready`,
    {
      ...(engine.host !== undefined && { host: engine.host }),
      container: engineName(`${service.name}-${replica}`),
      containerId: made.id,
      timeoutSeconds: healthTimeoutSeconds,
      ...(probe !== undefined && {
        probe: { url: probe, network: engine.network.name, image: engine.nodeImage.imageId },
      }),
    },
    opts,
  );
}

function partsOf(
  engine: Engine,
  { service, secret, volumes, schemaVersion }: ServiceArgs<Workload>,
  opts: pulumi.CustomResourceOptions,
): Parts {
  const files = serviceFiles(engine, service, secret, opts);
  return {
    image: image(engine, service, opts),
    files: files.volume,
    environment: {
      ...(service.program && { HOST: '0.0.0.0' }),
      ...service.environment,
      ...files.environment,
      ...(service.readsSchema && { SCHEMA_VERSION: schemaVersion }),
      ...secretVariables(service, secret),
    },
    volumes,
    published: Object.entries(service.published ?? {}).map(([external, internal]) => ({
      external: Number(external),
      internal,
    })),
  };
}

/** The host's loopback address alone: whoever is not on that machine does not come in. */
function reached({ reach }: Workload): Published[] {
  return reach ? [{ external: reach.hostPort, internal: reach.port, ip: loopback }] : [];
}

function reachUrl({ hostPort }: { readonly hostPort: number }, host: string | undefined): string {
  const through = isRemote(host) ? `?reach=${encodeURIComponent(host)}` : '';
  return `http://${loopback}:${String(hostPort)}${through}`;
}

function secretVariables(
  { secretEnvironment = {} }: Workload,
  secret: SecretValue,
): Record<string, pulumi.Input<string>> {
  return Object.fromEntries(
    Object.entries(secretEnvironment).map(([name, value]) => [
      name,
      'template' in value ? fileText(value, secret) : secret(value),
    ]),
  );
}

function dependencies({ dependsOn = [] }: pulumi.CustomResourceOptions): pulumi.Resource[] {
  return Array.isArray(dependsOn)
    ? (dependsOn as pulumi.Resource[])
    : [dependsOn as pulumi.Resource];
}

function where(replicas: number): string {
  return replicas === 1 ? 'a container' : `${replicas} containers`;
}
