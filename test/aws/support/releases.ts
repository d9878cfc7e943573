import { sourcesOf, valueName } from '../../../components/targets/aws/release/values';
import { writeArchive } from '../../../components/targets/aws/release/archive';
import { bundleEntries } from '../../../components/targets/aws/release/bundle';
import { manifestKey } from '../../../components/targets/aws/release/release';
import type { SecretSource, Service } from '../../../components/services/service';
import type { Moto } from '../../support/aws/moto';
import type { Server } from './server';

export const bucket = 't-release';
export const group = 'data';

/** Puts releases where a server finds them, as component Release does. */
export class Releases {
  private secretArn: string | undefined;

  constructor(
    private readonly moto: Moto,
    private readonly server: Server,
    private readonly stack: string,
    private readonly nodeImage: string,
  ) {
    moto.call('s3', 'create_bucket', {
      Bucket: bucket,
      CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' },
    });
    moto.call('s3', 'put_bucket_versioning', {
      Bucket: bucket,
      VersioningConfiguration: { Status: 'Enabled' },
    });
  }

  /** Returns the manifest's version. */
  async put(
    services: readonly Service[],
    value: (source: SecretSource) => string,
    volumes: Readonly<Record<string, string>> = {},
    damage: { sha256?: string } = {},
  ): Promise<string> {
    const { stack, nodeImage } = this;
    const entries = bundleEntries({ stack, services, schemaVersion: '1', nodeImage });
    const archive = await writeArchive(entries, this.server.path('bundle.tar'));
    const key = `releases/${group}.tar`;
    const put = (Key: string, Body: string): string =>
      this.moto.call('s3', 'put_object', { Bucket: bucket, Key, Body }).VersionId ?? '';
    const bundle = { key, version: put(key, `@${archive.file}`), sha256: archive.sha256 };
    const values = Object.fromEntries(
      Object.values(sourcesOf(services)).map((source) => [valueName(source), value(source)]),
    );
    const secret = this.putSecret(JSON.stringify(values));
    const manifest = { bundle: { ...bundle, ...damage }, secret, volumes };
    return put(manifestKey(group), JSON.stringify(manifest));
  }

  private putSecret(text: string): { arn: string; version: string } {
    this.secretArn ??= this.moto.call('secretsmanager', 'create_secret', { Name: group }).ARN ?? '';
    const said = this.moto.call('secretsmanager', 'put_secret_value', {
      SecretId: this.secretArn,
      SecretString: text,
    });
    return { arn: this.secretArn, version: said.VersionId ?? '' };
  }
}
