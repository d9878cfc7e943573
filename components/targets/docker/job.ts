import type * as pulumi from '@pulumi/pulumi';
import { DockerJob } from '../../../provider/sdk';
import type { Job } from '../../services/service';
import { memoryBytes } from '../memory';
import type { DataVolumes, Placed, ServiceArgs } from '../target';
import { filesPath, programWords } from './container';
import { serviceFiles, type ServiceFiles } from './files';
import { image } from './image';
import { engineName } from './names';
import type { Engine } from './site';

/** A container that runs to its end; one that fails stops the deployment with its last log lines. */
export function job(
  engine: Engine,
  { service, secret, volumes }: Omit<ServiceArgs<Job>, 'schemaVersion'>,
  opts: pulumi.CustomResourceOptions,
): Placed {
  const files = serviceFiles(engine, service, secret, opts);
  const memory = memoryBytes(service);
  const resource = new DockerJob(
    service.name,
    {
      ...(engine.host !== undefined && { host: engine.host }),
      container: engineName(service.name),
      image: image(engine, service, opts),
      ...(service.entrypoint && { entrypoint: [...service.entrypoint] }),
      ...(service.command && { command: programWords(service.command) }),
      environment: { ...service.environment, ...files.environment },
      network: engine.network.name,
      volumes: mounts(service, files, volumes),
      ...(service.scratch && { scratch: [...service.scratch] }),
      ...(service.user !== undefined && { user: service.user }),
      ...(service.writableRoot !== undefined && { writableRoot: service.writableRoot }),
      ...(service.capabilities && { capabilities: [...service.capabilities] }),
      ...(memory !== undefined && { memoryBytes: memory }),
      ...(service.resources?.cpus !== undefined && { cpus: service.resources.cpus }),
      timeoutSeconds: service.timeoutSeconds,
    },
    opts,
  );
  return { name: service.name, kind: 'job', resource, where: 'a container', endpoints: {} };
}

function mounts(
  service: Job,
  files: ServiceFiles,
  volumes: DataVolumes,
): Record<string, { volume: pulumi.Input<string>; writable?: boolean }> {
  const mounted: Record<string, { volume: pulumi.Input<string>; writable?: boolean }> = {};
  for (const [path, content] of Object.entries(service.volumes ?? {})) {
    const volume = volumes[content];
    if (!volume) throw new Error(`job ${service.name} needs a volume for ${content}`);
    mounted[path] = { volume: volume.location, writable: true };
  }
  if (files.volume) mounted[filesPath] = { volume: files.volume };
  return mounted;
}
