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
  const containers = (await containersNamed(prefix)).map((name) => engine.getContainer(name));
  // One that loses its database is restarted, and what is removed in that moment stays in its network for ever.
  for (const container of containers) {
    // One that ends in this moment cannot be updated, nor need be.
    await container.update({ RestartPolicy: { Name: 'no' } }).catch(() => undefined);
  }
  for (const container of containers) await container.remove({ force: true, v: true });
  const { Volumes } = await engine.listVolumes();
  for (const { Name } of Volumes) {
    if (Name.startsWith(prefix)) await engine.getVolume(Name).remove();
  }
  for (const { Id, Name } of await engine.listNetworks()) {
    if (Name.startsWith(prefix)) await removeNetwork(Id, Name);
  }
}

/** An engine that loses count of who is in a network keeps it until it is started anew: no reason to fail what passed. */
async function removeNetwork(id: string, name: string): Promise<void> {
  try {
    await engine.getNetwork(id).remove();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 403) throw error;
    process.stderr.write(`The network ${name} stays: ${messageOf(error)}\n`);
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
