import * as aws from '@pulumi/aws';
import type * as pulumi from '@pulumi/pulumi';
import { imageParameter } from './constants';

/** The disk of a server itself: system, images, logs of containers. What is kept is on volumes of its own. */
export const rootDisk = { volumeType: 'gp3', volumeSize: 40, encrypted: true } as const;

/** One hop: the metadata service is for the server, not for containers on it. Whoever asks has to have a session. */
export const metadataOptions = {
  httpEndpoint: 'enabled',
  httpTokens: 'required',
  httpPutResponseHopLimit: 1,
  instanceMetadataTags: 'disabled',
} as const;

/**
 * The image of new servers. Canonical changes it every few weeks: whoever uses it ignores that for servers that run,
 * which get security updates by themselves.
 */
export function machineImage(opts: pulumi.InvokeOptions): pulumi.Output<string> {
  return aws.ssm.getParameterOutput({ name: imageParameter }, opts).value;
}
