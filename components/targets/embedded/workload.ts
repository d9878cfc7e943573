import type * as pulumi from '@pulumi/pulumi';
import { Process } from '../../../provider/sdk';
import type { Workload } from '../../services/service';
import type { Placed, SecretValue, ServiceArgs } from '../target';
import { host } from './host';

const healthTimeoutSeconds = 60;

/** A process of this machine that outlives the deployment; made once it is healthy. */
export function workload(
  { service, secret, schemaVersion }: ServiceArgs<Workload>,
  opts: pulumi.CustomResourceOptions,
): Placed {
  const health = healthUrl(service);
  const resource = new Process(
    service.name,
    {
      command: [...service.command],
      workdir: service.workdir ?? '.',
      environment: {
        HOST: host,
        ...service.environment,
        ...(service.readsSchema && { SCHEMA_VERSION: schemaVersion }),
      },
      secrets: secretFiles(service.secrets, secret),
      files: service.files,
      stopGraceSeconds: 10,
      ...(service.port !== undefined && { port: service.port }),
      ...(service.port !== undefined && {
        health: {
          ...(service.health ? { http: health } : { tcp: service.port }),
          timeoutSeconds: healthTimeoutSeconds,
        },
      }),
    },
    opts,
  );
  return {
    name: service.name,
    kind: 'workload',
    resource,
    where: 'a process of this machine',
    endpoints: Object.fromEntries(
      Object.entries(service.routes).map(([name, path]) => [
        name,
        `http://${host}:${service.port}${path}`,
      ]),
    ),
    ...(health !== undefined && { health }),
  };
}

export function secretFiles(
  secrets: Workload['secrets'],
  secret: SecretValue,
): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(
    Object.entries(secrets).map(([name, source]) => [name, secret(source)]),
  );
}

function healthUrl({ port, health }: Workload): string | undefined {
  if (port === undefined) return undefined;
  return health ? `http://${host}:${port}${health}` : `tcp://${host}:${port}`;
}
