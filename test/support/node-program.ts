import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { standalone } from '../../engine/loader';
import { freePort } from './ports';

/** A program of ours, run as its container runs it. */
interface Wanted {
  /** Relative to the project, such as components/services/images/guard/server.ts. */
  readonly entry: string;
  /** Its bundle, where it is another than the entry's: one that was broken on purpose. */
  readonly bundle?: string | undefined;
  /** Variable → what its program reads as JSON from the file that the variable names. */
  readonly config: Readonly<Record<string, object>>;
  /** Variable → the secret in the file that `<variable>_FILE` names. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Another Node than this one's. */
  readonly node?: string | undefined;
}

/** A running program. */
export interface NodeProgram {
  readonly child: ChildProcess;
  readonly port: number;
  /** Everything that it has written. */
  readonly log: () => string;
  /** The exit code. */
  readonly ended: Promise<number | null>;
  /** As a container is stopped. */
  readonly stop: () => Promise<number | null>;
}

const bundles = new Map<string, string>();

/** One file with all packages inside. */
export function bundleOf(entry: string): string {
  const made = bundles.get(entry) ?? standalone(entry);
  bundles.set(entry, made);
  return made;
}

/** Starts a program and waits until it is healthy; one that ends is returned as it is. */
export async function startProgram(wanted: Wanted): Promise<NodeProgram> {
  const { entry, bundle = bundleOf(entry), config, secrets, node = process.execPath } = wanted;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-program-'));
  const write = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const port = await freePort();
  const child = spawn(node, [write('server.cjs', bundle)], {
    cwd: folder,
    env: {
      PORT: String(port),
      ...mapped(config, (name, value) => [name, write(`${name}.json`, JSON.stringify(value))]),
      ...mapped(secrets, (name, text) => [`${name}_FILE`, write(name, text)]),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  }
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve)).finally(() => {
    process.off('exit', kill);
    rmSync(folder, { recursive: true, force: true });
  });
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM');
    return ended;
  };
  const program = { child, port, log: () => said.join(''), ended, stop };
  await settled(program);
  return program;
}

/** Waits until a program is healthy, or has ended. */
export async function settled({ child, port, log }: NodeProgram): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    await answer?.text();
    if (answer?.status === 200 || child.exitCode !== null) return;
    if (Date.now() > deadline) throw new Error(`not healthy: ${log().slice(-1000)}`);
    await sleep(20);
  }
}

function mapped<T>(
  values: Readonly<Record<string, T>>,
  change: (name: string, value: T) => [string, string],
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => change(name, value)));
}
