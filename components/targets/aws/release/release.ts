import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import path from 'node:path';
import { UserError } from '../../../../engine/errors';
import { root } from '../../../../engine/root';
import type { VolumeContent } from '../../../services/service';
import type { SecretValue } from '../../target';
import { writeArchive } from './archive';
import { bundleEntries, keptContents, type BundleArgs } from './bundle';
import { secretText, sourcesOf } from './values';

/** Where releases are kept. */
interface ReleaseStore {
  /** Name of a versioned bucket. */
  readonly bucket: pulumi.Input<string>;
  /** Encrypts the bucket and the secrets. */
  readonly keyArn: pulumi.Input<string>;
  /** What makes the bucket keep versions. */
  readonly after: readonly pulumi.Resource[];
}

export interface ReleaseArgs extends BundleArgs {
  /** Name of the group of servers that runs it. */
  readonly group: string;
  readonly secret: SecretValue;
  /** Ids of the EBS volumes of what the services keep. */
  readonly volumes: Told<VolumeContent>;
  readonly store: ReleaseStore;
}

/** What a server is told of its release: a small object of the bucket, without a secret. */
interface Manifest {
  readonly bundle: Told<'key' | 'version' | 'sha256'>;
  readonly secret: Told<'arn' | 'version'>;
  readonly volumes: Told<VolumeContent>;
}

type Told<Names extends string> = Readonly<Partial<Record<Names, pulumi.Input<string>>>>;

/** The object that holds the manifests of a group, each as a version. */
export function manifestKey(group: string): string {
  return `releases/${group}.json`;
}

/**
 * What a group of servers runs: the bundle and its manifest as objects in a bucket, the values of its services as one
 * secret. A server is told the manifest's version, and that names exactly one of everything else; versions stay, so an
 * older one can be told again. Secrets Manager may forget values that are older than the last but one.
 *
 * **Cost**: a secret is $0.40 a month; the objects are a few megabytes.
 *
 * @example
 * new Release('app', {
 *   group: 'app', stack, services, schemaVersion, nodeImage, secret, volumes: {}, store,
 * }, { parent })
 */
export class Release extends pulumi.ComponentResource {
  /** Tells a server what to run: `strata-release apply <version>`. */
  readonly version: pulumi.Output<string>;
  readonly secretArn: pulumi.Output<string>;

  constructor(name: string, args: ReleaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:Release', name, {}, opts);
    const { group, store } = args;
    checkVolumes(args);
    const parent = { parent: this };
    const stored = { ...parent, dependsOn: [...store.after] };
    const common = {
      bucket: store.bucket,
      kmsKeyId: store.keyArn,
      serverSideEncryption: 'aws:kms',
    };

    const file = path.join(root, '.strata', 'releases', args.stack, `${group}.tar`);
    const written = pulumi.output(writeArchive(bundleEntries(args), file));
    const bundle = new aws.s3.BucketObjectv2(
      `${name}-bundle`,
      {
        ...common,
        key: `releases/${group}.tar`,
        contentType: 'application/x-tar',
        source: written.apply((archive) => new pulumi.asset.FileAsset(archive.file)),
      },
      stored,
    );

    const secret = new aws.secretsmanager.Secret(
      `${name}-secret`,
      { description: `What the services of group ${group} are handed.`, kmsKeyId: store.keyArn },
      parent,
    );
    const values = Object.entries(sourcesOf(args.services)).map(
      ([key, source]) => [key, args.secret(source)] as const,
    );
    const secretVersion = new aws.secretsmanager.SecretVersion(
      `${name}-values`,
      {
        secretId: secret.arn,
        secretString: pulumi.secret(
          pulumi.all(Object.fromEntries(values)).apply((all) => secretText(group, all)),
        ),
      },
      // A server that is told the release before this one needs its values.
      { ...parent, retainOnDelete: true },
    );

    const manifest: Manifest = {
      bundle: { key: bundle.key, version: bundle.versionId, sha256: written.sha256 },
      secret: { arn: secret.arn, version: secretVersion.versionId },
      volumes: args.volumes,
    };
    const told = new aws.s3.BucketObjectv2(
      `${name}-manifest`,
      {
        ...common,
        key: manifestKey(group),
        contentType: 'application/json',
        content: pulumi.jsonStringify(manifest),
      },
      stored,
    );
    this.version = told.versionId;
    this.secretArn = secret.arn;
    this.registerOutputs({ version: this.version, secretArn: this.secretArn });
  }
}

/** What is kept on the server's own disk would be lost with it. */
function checkVolumes({ group, services, volumes }: ReleaseArgs): void {
  const missing = keptContents(services).filter((content) => volumes[content] === undefined);
  if (missing.length === 0) return;
  throw new UserError(
    `Group "${group}" keeps ${missing.join(', ')}, and no volume is given for that.`,
  );
}
