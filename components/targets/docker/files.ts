import type * as pulumi from '@pulumi/pulumi';
import { Files } from '../../../provider/sdk';
import { containerPaths, type SecretSource, type Service } from '../../services/service';
import { fileText } from '../files';
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

/** A name under which every service that connects to the database finds who signed its certificate. */
export const authorityFile = 'AUTHORITY';

/** The configuration and the secrets of a service as a volume that only its containers mount, read-only. */
export function serviceFiles(
  engine: Engine,
  service: Service,
  secret: SecretValue,
  opts: pulumi.CustomResourceOptions,
): ServiceFiles {
  const secrets = withAuthority(service.secrets);
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
      Object.keys(secrets).map((name) => [`${name}_FILE`, `${containerPaths.secrets}/${name}`]),
    ),
  };
}

function withAuthority(
  secrets: Readonly<Record<string, SecretSource>>,
): Readonly<Record<string, SecretSource>> {
  const connects = Object.values(secrets).some((source) => 'database' in source);
  return connects ? { [authorityFile]: { authority: 'certificate' }, ...secrets } : secrets;
}

/** A path as it is inside the volume. */
function below(path: string): string {
  return path.slice(filesPath.length + 1);
}
