import type Docker from 'dockerode';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Context } from '../host/resource';
import { engineName, imageName, kindLabel, ownerLabel } from './names';
import { Output } from './output';
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
 * was none within `seconds`. The container is removed, also when the signal ends it.
 */
export async function runProbe(
  docker: Docker,
  { url, ...place }: Probe,
  seconds: number,
  output: Output,
  context: Context,
): Promise<string | undefined> {
  const exitCode = await askAll(docker, place, { urls: [url], seconds }, output, context);
  return exitCode === 0 ? undefined : output.tail(1) || `${url}: the probe did not run`;
}

/** Those who are being gathered for the next container, by engine and place. */
const rounds = new WeakMap<Docker, Map<string, Round>>();

interface Round {
  readonly urls: Set<string>;
  readonly silent: Promise<ReadonlySet<string>>;
}

/** A container takes longer than all that it asks, so those who come within this time share one. */
const gatherMs = 50;

/** Whether there is a good answer, asked once. */
export async function answers(
  docker: Docker,
  { url, ...place }: Probe,
  context: Context,
): Promise<boolean> {
  const gathering = rounds.get(docker) ?? new Map<string, Round>();
  rounds.set(docker, gathering);
  const key = `${place.network} ${place.image}`;
  const round =
    gathering.get(key) ??
    begin((urls) => {
      gathering.delete(key);
      return askOnce(docker, place, urls, context);
    });
  gathering.set(key, round);
  round.urls.add(url);
  return !(await round.silent).has(url);
}

/** Asks whoever has come until the time is up. */
function begin(ask: (urls: readonly string[]) => Round['silent']): Round {
  const urls = new Set<string>();
  return { urls, silent: sleep(gatherMs).then(() => ask([...urls])) };
}

/** What Node itself may say beside the answers. */
const otherLines = 10;

/** Which of them gave no good answer. */
async function askOnce(
  docker: Docker,
  place: Place,
  urls: readonly string[],
  context: Context,
): Promise<ReadonlySet<string>> {
  const output = new Output();
  const exitCode = await askAll(docker, place, { urls, seconds: 0 }, output, context);
  if (exitCode === 0) return new Set();
  // A line may be lost, which must not count for an answer.
  const lines = output.tail(urls.length + otherLines).split('\n');
  return new Set(urls.filter((url) => !lines.includes(`${url}: answers`)));
}

type Place = Omit<Probe, 'url'>;

/** The exit code of a container that asks them all. */
async function askAll(
  docker: Docker,
  { network, image }: Place,
  { urls, seconds }: { urls: readonly string[]; seconds: number },
  output: Output,
  context: Context,
): Promise<number> {
  await ensureImage(docker, image, context);
  const options: Docker.ContainerCreateOptions = {
    name: `strata-probe-${randomBytes(4).toString('hex')}`,
    Image: image,
    Entrypoint: ['node'],
    Cmd: probeArguments(urls, seconds),
    User: '65534:65534',
    Labels: { [kindLabel]: 'probe', [ownerLabel]: context.urn },
    HostConfig: hardened({ network }),
  };
  return (await runToEnd(docker, options, output, context.signal)).exitCode;
}
