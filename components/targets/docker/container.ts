import * as docker from '@pulumi/docker';
import * as pulumi from '@pulumi/pulumi';
import { createHash } from 'node:crypto';
import { scratchOptions } from '../../../provider/docker/scratch';
import { containerPaths, type Service, type Workload } from '../../services/service';
import { healthCheck, healthTest } from '../health';
import { memoryBytes } from '../memory';
import type { DataVolumes } from '../target';
import { engineName, labels } from './names';
import type { Engine } from './site';

/** Everything that a service's container is made from besides the service itself. */
export interface Parts {
  readonly image: pulumi.Input<string>;
  /** The volume of its configuration and secrets. */
  readonly files: pulumi.Input<string> | undefined;
  readonly environment: Readonly<Record<string, pulumi.Input<string>>>;
  readonly volumes: DataVolumes;
  /** Ports of the host that lead to ports of the container. */
  readonly published: readonly Published[];
}

export interface Published {
  readonly external: number;
  readonly internal: number;
  /** The host's address; all of them when not given. */
  readonly ip?: string;
}

/** One replica of a service. What runs comes from the service, what it runs on from `parts`. */
export function container(
  engine: Engine,
  service: Workload,
  replica: number,
  parts: Parts,
  opts: pulumi.CustomResourceOptions,
): docker.Container {
  const tests = healthTest(service);
  const name = `${service.name}-${replica}`;
  return new docker.Container(
    name,
    {
      name: engineName(name),
      hostname: name,
      image: parts.image,
      networksAdvanced: [{ name: engine.network.name, aliases: [service.name] }],
      envs: variables(parts.environment),
      // The plugin records a changed check or scratch folder but does not bring it into the container; a changed label does.
      labels: [
        ...labels(service.name),
        { label: 'strata.check', value: hash([tests, scratch(service)]) },
      ].sort(byLabel),
      ...(service.command && { command: programWords(service.command) }),
      ...(service.entrypoint && { entrypoints: [...service.entrypoint] }),
      ...(tests && { healthcheck: { ...healthCheck, tests } }),
      ...(parts.published.length > 0 && { ports: ports(parts.published) }),
      ...hardening(service),
      ...limits(service),
      volumes: mounts(service, parts),
      destroyGraceSeconds: service.stopGraceSeconds ?? 10,
      restart: 'unless-stopped',
      logDriver: 'json-file',
      logOpts: { 'max-file': '3', 'max-size': '10m' },
      init: true,
    },
    { ...opts, provider: engine.provider, deleteBeforeReplace: true },
  );
}

/** As Docker lists them, in an order that does not change. */
function variables(
  environment: Readonly<Record<string, pulumi.Input<string>>>,
): pulumi.Input<string>[] {
  return Object.entries(environment)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([name, value]) => pulumi.interpolate`${name}=${value}`);
}

/** The command with the program's folder filled in. */
export function programWords(command: readonly string[]): string[] {
  return command.map((word) => word.replaceAll('{program}', containerPaths.program));
}

/** As little as the service can live with: no root, no capability, nothing to write but what it names. */
function hardening(service: Workload): Partial<docker.ContainerArgs> {
  return {
    capabilities: { drops: ['ALL'], adds: [...(service.capabilities ?? [])] },
    securityOpts: ['no-new-privileges:true'],
    readOnly: !service.writableRoot,
    ...(service.sysctls && { sysctls: service.sysctls }),
    ...(service.user !== undefined && { user: service.user }),
    ...(service.scratch && { tmpfs: scratch(service) }),
  };
}

function scratch(service: Workload): Record<string, string> {
  const options = scratchOptions({ user: service.user, memoryBytes: memoryBytes(service) });
  return Object.fromEntries((service.scratch ?? []).map((path) => [path, options]));
}

/** Without a limit for swap the engine would allow as much again, and the plugin would see a change for ever. */
function limits(service: Service): Partial<docker.ContainerArgs> {
  const bytes = memoryBytes(service);
  const memory = bytes === undefined ? undefined : bytes / 2 ** 20;
  const { cpus } = service.resources ?? {};
  return {
    ...(memory !== undefined && { memory, memorySwap: memory }),
    ...(cpus !== undefined && { cpus: String(cpus) }),
  };
}

function mounts(service: Workload, parts: Parts): docker.types.input.ContainerVolume[] {
  const data = Object.entries(service.volumes ?? {}).map(([containerPath, content]) => {
    const volume = parts.volumes[content];
    if (!volume) throw new Error(`service ${service.name} needs a volume for ${content}`);
    return { containerPath, volumeName: volume.location };
  });
  const host = Object.entries(service.hostFolders ?? {}).map(([hostPath, containerPath]) => ({
    containerPath,
    hostPath,
    readOnly: true,
  }));
  const files =
    parts.files === undefined
      ? []
      : [{ containerPath: filesPath, volumeName: parts.files, readOnly: true }];
  return [...data, ...host, ...files];
}

/** The folder above files and secrets. */
export const filesPath = '/run/strata';

function ports(published: readonly Published[]): docker.types.input.ContainerPort[] {
  return [...published].sort((a, b) => a.internal - b.internal);
}

function hash(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value ?? null))
    .digest('hex')
    .slice(0, 12);
}

function byLabel(a: { readonly label: string }, b: { readonly label: string }): number {
  return a.label.localeCompare(b.label);
}
