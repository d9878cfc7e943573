import type * as pulumi from '@pulumi/pulumi';
import { Files } from '../../../provider/sdk';
import { secretFile } from '../../services/paths';
import { containerPaths, type Service } from '../../services/service';
import { fileText, secretsOf } from '../files';
import type { SecretValue } from '../target';
import { engineName } from './names';
import { filesPath } from './container';
import type { Engine } from './site';

/** What a service finds below `containerPaths`, and what its environment says of it. */
export interface ServiceFiles {
  /** Absent when it is given none. */
  readonly volume: pulumi.Output<string> | undefined;
  readonly environment: Readonly<Record<string, string>>;
}

/** The configuration and the secrets of a service as a volume that only its containers mount, read-only. */
export function serviceFiles(
  engine: Engine,
  service: Service,
  secret: SecretValue,
  opts: pulumi.CustomResourceOptions,
): ServiceFiles {
  const secrets = secretsOf(service);
  const contents = Object.fromEntries([
    ...Object.entries(service.files).map(([name, content]) => [
      `${below(containerPaths.files)}/${name}`,
      fileText(content, secret),
    ]),
    ...Object.entries(secrets).map(([name, source]) => [
      `${below(containerPaths.secrets)}/${name}`,
      secret(source),
    ]),
  ]) as Record<string, pulumi.Input<string>>;
  if (Object.keys(contents).length === 0) return { volume: undefined, environment: {} };

  const [uid = 0, gid = 0] = (service.user ?? '0:0').split(':').map(Number);
  const { volume } = new Files(
    `files-${service.name}`,
    {
      ...(engine.host !== undefined && { host: engine.host }),
      prefix: engineName(service.name),
      files: contents,
      uid,
      gid,
      image: engine.nodeImage.imageId,
    },
    opts,
  );
  return {
    volume,
    environment: Object.fromEntries(
      Object.keys(secrets).map((name) => [`${name}_FILE`, secretFile(name)]),
    ),
  };
}

/** A path as it is inside the volume. */
function below(path: string): string {
  return path.slice(filesPath.length + 1);
}
