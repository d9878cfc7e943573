import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { messageOf } from '../../engine/errors';

/** The engine as tests look at it, not through the provider. */
export const engine = new Docker();

/** Images that the tests of the provider run. */
export const nodeImage = 'node:20-slim';
export const shellImage = 'debian:12-slim';

/** Why tests with a Docker engine cannot run here, printed once; `undefined` when they can. */
export async function whyNoDocker(): Promise<string | undefined> {
  try {
    for (const image of [nodeImage, shellImage]) await engine.getImage(image).inspect();
    return undefined;
  } catch (error) {
    const reason = messageOf(error);
    process.stderr.write(`Tests with a Docker engine are skipped: ${reason}\n`);
    return reason;
  }
}

/** Names of all containers whose names begin so. */
export async function containersNamed(prefix: string): Promise<string[]> {
  const all = await engine.listContainers({ all: true });
  return all
    .flatMap(({ Names }) => Names.map((name) => name.slice(1)))
    .filter((name) => name.startsWith(prefix))
    .sort();
}

/** Containers that resources of this urn have made and not removed. */
export async function containersOf(urn: string): Promise<string[]> {
  const mine = await engine.listContainers({
    all: true,
    filters: { label: [`strata.urn=${urn}`] },
  });
  return mine.map(({ Names: [name = ''] }) => name.slice(1));
}

/** Removes what the tests of a part have made, however they ended. */
export async function removeAll(prefix: string): Promise<void> {
  for (const name of await containersNamed(prefix)) {
    await engine.getContainer(name).remove({ force: true, v: true });
  }
  const { Volumes } = await engine.listVolumes();
  for (const { Name } of Volumes) {
    if (Name.startsWith(prefix)) await engine.getVolume(Name).remove();
  }
  for (const { Id, Name } of await engine.listNetworks()) {
    if (Name.startsWith(prefix)) await removeNetwork(Id);
  }
}

const releasedWithin = { attempts: 50, pauseMs: 200 };

/** A container that was being restarted when it was removed is in its network for a moment longer, and no event ends that. */
async function removeNetwork(id: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await engine.getNetwork(id).remove();
      return;
    } catch (error) {
      const busy = (error as { statusCode?: number }).statusCode === 403;
      if (!busy || attempt === releasedWithin.attempts) throw error;
      await sleep(releasedWithin.pauseMs);
    }
  }
}

/** Starts a container that does what a shell is told, and resolves to its id. */
export async function shell(
  name: string,
  script: string,
  more: Docker.ContainerCreateOptions = {},
): Promise<string> {
  const container = await engine.createContainer({
    name,
    Image: shellImage,
    Cmd: ['sh', '-c', script],
    ...more,
  });
  await container.start();
  return container.id;
}
