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

/** What servers are started from. */
export interface MachineImage {
  readonly id: pulumi.Input<string>;
  /** Servers that run are made anew when it changes. */
  readonly followed: boolean;
}

/**
 * The image that the settings name, or Canonical's newest. That one changes every few weeks, which servers that run are
 * not made anew for: they get security updates by themselves.
 */
export function machineImage(given: string | undefined, opts: pulumi.InvokeOptions): MachineImage {
  if (given !== undefined) return { id: given, followed: true };
  return { id: aws.ssm.getParameterOutput({ name: imageParameter }, opts).value, followed: false };
}
