import type Docker from 'dockerode';
import { setTimeout as sleep } from 'node:timers/promises';
import { found } from './engine';
import { type Output } from './output';
import { scratchOptions } from './scratch';
import { killedBy } from './verdict';

/** How long a program that is ended early may take after SIGTERM; the provider itself has little more. */
const stopSeconds = 1;
const outputEndsWithinMs = 2_000;

/** How a container of ours ended by itself. */
export interface Ended {
  readonly exitCode: number;
  /** Empty for one that nobody killed. */
  readonly killedBy: string;
}

/** What a container of ours may do: nothing but what is said. */
export interface Allowed {
  /** Without one it has no network at all. */
  readonly network?: string | undefined;
  readonly mounts?: Docker.MountSettings[];
  /** Whose the scratch folders are: numeric `uid:gid`. */
  readonly user?: string | undefined;
  /** Absolute paths that are writable and forgotten. */
  readonly scratch?: readonly string[] | undefined;
  readonly writableRoot?: boolean | undefined;
  readonly capabilities?: readonly string[] | undefined;
  readonly memoryBytes?: number | undefined;
  readonly cpus?: number | undefined;
}

/** A host configuration that is closed but for what is allowed. */
export function hardened(allowed: Allowed): Docker.HostConfig {
  const { scratch = [], memoryBytes, cpus } = allowed;
  return {
    NetworkMode: allowed.network ?? 'none',
    Mounts: allowed.mounts ?? [],
    Tmpfs: Object.fromEntries(scratch.map((place) => [place, scratchOptions(allowed)])),
    ReadonlyRootfs: !allowed.writableRoot,
    CapDrop: ['ALL'],
    CapAdd: [...(allowed.capabilities ?? [])],
    SecurityOpt: ['no-new-privileges'],
    Init: true,
    LogConfig: { Type: 'json-file', Config: { 'max-file': '1', 'max-size': '10m' } },
    ...(memoryBytes !== undefined && { Memory: memoryBytes, MemorySwap: memoryBytes }),
    ...(cpus !== undefined && { NanoCpus: Math.round(cpus * 1e9) }),
  };
}

/**
 * Runs a container to its end and removes it, whatever happens. Throws the signal's reason when that ends it; what it
 * wrote is in `output` in any case.
 */
export async function runToEnd(
  docker: Docker,
  options: Docker.ContainerCreateOptions,
  output: Output,
  signal: AbortSignal,
): Promise<Ended> {
  signal.throwIfAborted();
  const container = await docker.createContainer(options);
  try {
    const { end } = await collect(docker, container, output, signal);
    signal.throwIfAborted();
    await container.start({ abortSignal: signal });
    const exitCode = await waited(container, signal);
    await Promise.race([end, sleep(outputEndsWithinMs, undefined, { ref: false })]);
    const { State } = await container.inspect();
    return { exitCode, killedBy: killedBy(State) };
  } catch (error) {
    await container.stop({ t: stopSeconds }).catch(() => undefined);
    throw error;
  } finally {
    await removeContainer(container);
  }
}

/** Ends a container and removes it with its nameless volumes; one that is gone is no error. */
export async function removeContainer(container: Docker.Container): Promise<void> {
  await found(container.remove({ force: true, v: true }));
}

/** Listens before the start, so that nothing is missed; `end` is that of the output. */
async function collect(
  docker: Docker,
  container: Docker.Container,
  output: Output,
  signal: AbortSignal,
): Promise<{ end: Promise<void> }> {
  const stream = await container.attach({
    stream: true,
    stdout: true,
    stderr: true,
    abortSignal: signal,
  });
  (docker.modem as { demuxStream: Demux }).demuxStream(stream, output, output);
  const end = new Promise<void>((resolve) => {
    stream
      .on('end', resolve)
      .on('close', resolve)
      .on('error', () => resolve());
  });
  return { end };
}

type Demux = (from: NodeJS.ReadableStream, stdout: Output, stderr: Output) => void;

async function waited(container: Docker.Container, signal: AbortSignal): Promise<number> {
  try {
    const { StatusCode } = (await container.wait({ abortSignal: signal })) as {
      StatusCode: number;
    };
    return StatusCode;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
