import type Docker from 'dockerode';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Context } from '../host/resource';
import { engineName, imageName, kindLabel, ownerLabel } from './names';
import { type Output } from './output';
import { probeArguments } from './probe-arguments';
import { ensureImage } from './progress';
import { hardened, runToEnd } from './run';

/** A service that is asked over its network, because its image holds nothing that could ask inside. */
export interface Probe {
  /** `http://prometheus:9090/-/healthy` has to answer with 2xx itself, `tcp://exporter:9100` has to take connections. */
  url: string;
  /** A network that the service is in. */
  network: string;
  /** Any image with Node 18 or newer as `node`. */
  image: string;
}

const urlPattern =
  /^(http:\/\/[A-Za-z0-9_.-]+(:\d{1,5})?(\/[!-~]*)?|tcp:\/\/[A-Za-z0-9_.-]+:\d{1,5})$/;

export const probeInput = z.strictObject({
  url: z
    .string()
    .regex(urlPattern, 'must look like http://service:port/path or tcp://service:port')
    .refine((url) => URL.canParse(url), 'must look like http://service:port/path'),
  network: engineName,
  image: imageName,
});

/**
 * Asks from a container of its own until there is a good answer: resolves to undefined then, and to why not when there
 * was none within `seconds` (0: ask once). The container is removed, also when the signal ends it.
 */
export async function runProbe(
  docker: Docker,
  { url, network, image }: Probe,
  seconds: number,
  output: Output,
  context: Context,
): Promise<string | undefined> {
  await ensureImage(docker, image, context);
  const options: Docker.ContainerCreateOptions = {
    name: `strata-probe-${randomBytes(4).toString('hex')}`,
    Image: image,
    Entrypoint: ['node'],
    Cmd: probeArguments(url, seconds),
    User: '65534:65534',
    Labels: { [kindLabel]: 'probe', [ownerLabel]: context.urn },
    HostConfig: hardened({ network }),
  };
  const { exitCode } = await runToEnd(docker, options, output, context.signal);
  return exitCode === 0 ? undefined : `${url}: ${output.tail(1) || 'the probe did not run'}`;
}
