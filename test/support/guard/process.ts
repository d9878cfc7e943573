import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardConfig } from '../../../components/services/images/guard/config';
import { standalone } from '../../../engine/loader';
import { freePort } from '../ports';

export interface GuardSettings {
  readonly config: GuardConfig;
  readonly jwtKey: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Another Node than this one's. */
  readonly node?: string;
  /** Another program than the guard as it is: one that was broken on purpose. */
  readonly program?: string;
}

/** A running guard. */
export interface GuardProcess {
  readonly child: ChildProcess;
  readonly port: number;
  /** Everything that it has written. */
  readonly log: () => string;
  /** The exit code. */
  readonly ended: Promise<number | null>;
  /** As a container is stopped. */
  readonly stop: () => Promise<number | null>;
}

let built: string | undefined;

/** The guard as a container runs it: one file with all packages inside. */
function guardProgram(): string {
  return (built ??= standalone('components/services/images/guard/server.ts'));
}

/** Starts a guard and waits until it is healthy. */
export async function startGuard(settings: GuardSettings): Promise<GuardProcess> {
  const { config, jwtKey, redisUrl, databaseUrl, node = process.execPath, program } = settings;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-guard-'));
  const write = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const port = await freePort();
  const child = spawn(node, [write('server.cjs', program ?? guardProgram())], {
    cwd: folder,
    env: {
      PORT: String(port),
      GUARD_CONFIG: write('guard.json', JSON.stringify(config)),
      JWT_KEY_FILE: write('JWT_KEY', jwtKey),
      REDIS_URL_FILE: write('REDIS_URL', redisUrl),
      DATABASE_URL_FILE: write('DATABASE_URL', databaseUrl),
      DATABASE_DIRECT_URL_FILE: write('DATABASE_DIRECT_URL', databaseUrl),
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
  const guard = {
    child,
    port,
    log: () => said.join(''),
    ended,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
  await healthy(guard);
  return guard;
}

/** Waits until a guard can do its work. */
export async function healthy({ child, port, log }: GuardProcess): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    await answer?.text();
    if (answer?.status === 200) return;
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`the guard is not healthy: ${log().slice(-1000)}`);
    }
    await sleep(20);
  }
}
