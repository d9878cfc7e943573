import type * as pulumi from '@pulumi/pulumi';
import { Process } from '../../../provider/sdk';
import { bundle, packages } from '../../../engine/loader';
import type { Service, Workload } from '../../services/service';
import { fileText } from '../files';
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
      command: wordsOf(service),
      workdir: service.workdir ?? '.',
      environment: {
        HOST: host,
        ...service.environment,
        ...(service.readsSchema && { SCHEMA_VERSION: schemaVersion }),
      },
      secrets: secretFiles(service.secrets, secret),
      files: processFiles(service, secret),
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
    endpoints: endpoints(service),
    ...(health !== undefined && { health }),
  };
}

/** Where its routes are; without a gateway, a service of the user's that has none is called by its port. */
function endpoints({ name, port, routes }: Workload): Record<string, string> {
  if (port === undefined) return {};
  const all = Object.entries(routes);
  if (all.length === 0) return { [name]: `http://${host}:${port}/` };
  return Object.fromEntries(
    all.map(([route, { path, upstreamPath = path }]) => [
      route,
      `http://${host}:${port}${upstreamPath}`,
    ]),
  );
}

export function secretFiles(
  secrets: Workload['secrets'],
  secret: SecretValue,
): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(
    Object.entries(secrets).map(([name, source]) => [name, secret(source)]),
  );
}

/** The command with the folder of the process in the place of the program's. */
export function wordsOf({ name, command }: Service): string[] {
  if (!command) throw new Error(`service ${name} has no command: target embedded refuses images`);
  return command.map((word) => word.replaceAll('{program}', '{files}'));
}

/** Configuration and program in one folder. The program leaves packages outside, so they are part of what is deployed. */
export function processFiles(
  { files, program }: Service,
  secret: SecretValue,
): Record<string, pulumi.Input<string>> {
  const texts = Object.entries(files).map(([name, content]) => [name, fileText(content, secret)]);
  const entries = Object.entries(program?.entries ?? {});
  return Object.fromEntries([
    ...texts,
    ...entries.map(([name, entry]) => [name, bundle(entry)]),
    ...(program ? [['packages', packages()]] : []),
  ]) as Record<string, pulumi.Input<string>>;
}

function healthUrl({ port, health }: Workload): string | undefined {
  if (port === undefined) return undefined;
  return health ? `http://${host}:${port}${health}` : `tcp://${host}:${port}`;
}
