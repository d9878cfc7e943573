import * as aws from '@pulumi/aws';
import { names } from '../../data/names';
import { hasManagedCache, volumeSize, zonesOf } from '../../settings/aws';
import { declaredDatabases } from '../../settings/aws-database';
import type { Settings } from '../../settings/schema';
import { madeAnew } from '../../tiers/placement';
import { randomPassword } from '../password';
import type { Target } from '../target';
import { baseOf, type Base } from './base';
import { DataBucket } from './data-bucket';
import { deploy } from './deploy';
import { stackName } from './naming';

/**
 * Servers of Amazon Web Services: one for each group of a tier, and any number of those that answer requests, behind a
 * load balancer. Volumes, their key and the passwords are apart from all servers. docs/aws.md has the pictures.
 *
 * **Cost**: what `npm run cost` says.
 */
export function awsTarget(settings: Settings): Target {
  // The first volume brings it, below the same parent as the volumes.
  let base: Base | undefined;
  const buckets: DataBucket[] = [];
  return {
    name: 'aws',
    reach: 'job',
    password: randomPassword,
    volume(content, _owner, opts) {
      if (madeAnew.includes(content)) return undefined;
      base ??= baseOf(settings, opts);
      // RDS has a volume of its own.
      if (content === 'database' && !declaredDatabases(settings.aws).volume) return undefined;
      // ElastiCache has no volume.
      if (content === 'queue' && hasManagedCache(settings)) return undefined;
      const name = names.volume(content, 1);
      const resource = new aws.ebs.Volume(
        name,
        {
          availabilityZone: zonesOf(settings.aws)[0],
          size: volumeSize(settings.aws, content),
          type: 'gp3',
          encrypted: true,
          kmsKeyId: base.key,
          // Should anybody delete it in the end.
          finalSnapshot: true,
          tags: { Name: stackName(name, 128), service: content },
        },
        { ...opts, provider: base.provider },
      );
      return { resource, location: resource.id };
    },
    bucket(content, opts) {
      base ??= baseOf(settings, opts);
      const { account, key, provider } = base;
      const made = new DataBucket(
        names.bucket(content, 1),
        { account, content, key },
        { ...opts, providers: [provider] },
      );
      buckets.push(made);
      return made;
    },
    deploy(deployment, opts) {
      if (!base) throw new Error('a deployment without a volume for its database');
      return deploy(base, buckets, deployment, opts);
    },
  };
}
