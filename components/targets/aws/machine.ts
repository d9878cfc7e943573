import { createHash } from 'node:crypto';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import { ServerImage } from '../../../provider/sdk-aws';
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

/** What servers are started from. */
export interface MachineImage {
  readonly id: pulumi.Input<string>;
  /** Servers that run are made anew when it changes. */
  readonly followed: boolean;
}

/** The image that the settings name, or Canonical's newest. */
export function machineImage(given: string | undefined, opts: pulumi.InvokeOptions): MachineImage {
  if (given !== undefined) return { id: given, followed: true };
  return { id: aws.ssm.getParameterOutput({ name: imageParameter }, opts).value, followed: false };
}

export interface StartedArgs {
  readonly region: string;
  readonly image: MachineImage;
  /** Servers are made anew when it changes. */
  readonly userData: pulumi.Input<string>;
  /** The name of the only server. */
  readonly only?: string;
}

/**
 * What servers are started from. Canonical's newest image is another every few weeks: servers that run get security
 * updates by themselves, and the next ones start from the one that is newest then.
 */
export function startedFrom(
  name: string,
  { region, image, userData, only }: StartedArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.Input<string> {
  if (image.followed) return image.id;
  const servers = pulumi
    .output(userData)
    .apply((text) => createHash('sha256').update(text).digest('hex'));
  const args = { region, newest: image.id, servers, ...(only !== undefined && { only }) };
  return new ServerImage(`${name}-image`, args, opts).imageId;
}
