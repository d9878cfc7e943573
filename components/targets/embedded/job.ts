import type * as pulumi from '@pulumi/pulumi';
import { Job as LocalJob } from '../../../provider/sdk';
import type { Job } from '../../services/service';
import type { Placed, ServiceArgs } from '../target';
import { processFiles, secretFiles, wordsOf } from './workload';

/** A process of this machine that runs to its end; one that fails stops the deployment. */
export function job(
  { service, secret }: ServiceArgs<Job>,
  opts: pulumi.CustomResourceOptions,
): Placed {
  const resource = new LocalJob(
    service.name,
    {
      command: wordsOf(service),
      workdir: service.workdir ?? '.',
      environment: service.environment,
      secrets: secretFiles(service.secrets, secret),
      files: processFiles(service, secret),
      timeoutSeconds: service.timeoutSeconds,
    },
    opts,
  );
  return {
    name: service.name,
    kind: 'job',
    resource,
    where: 'a process of this machine',
    endpoints: {},
  };
}
