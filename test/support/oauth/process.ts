import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OauthConfig } from '../../../components/services/images/oauth/config';
import { standalone } from '../../../engine/loader';
import { freePort } from '../ports';

export interface OauthSettings {
  readonly config: OauthConfig;
  readonly secret: string;
  readonly jwtKey: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Variable → the client secret in its file. */
  readonly clientSecrets: Readonly<Record<string, string>>;
  /** Another program than the server as it is: one that was broken on purpose. */
  readonly program?: string;
}

/** A running OAuth server. */
export interface OauthProcess {
  readonly child: ChildProcess;
  readonly port: number;
  /** Everything that it has written. */
  readonly log: () => string;
  readonly ended: Promise<number | null>;
  readonly stop: () => Promise<number | null>;
}

let built: string | undefined;

/** The server as a container runs it: one file with all packages inside. */
export function oauthProgram(): string {
  return (built ??= standalone('components/services/images/oauth/server.ts'));
}

/** Starts a server and waits until it is healthy; one that ends is returned as it is. */
export async function startOauth(settings: OauthSettings): Promise<OauthProcess> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-oauth-'));
  const write = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const port = await freePort();
  const secrets = {
    OAUTH_KEY: settings.secret,
    JWT_KEY: settings.jwtKey,
    REDIS_URL: settings.redisUrl,
    DATABASE_URL: settings.databaseUrl,
    ...settings.clientSecrets,
  };
  const files = Object.entries(secrets).map(([name, text]) => [`${name}_FILE`, write(name, text)]);
  const program = write('server.cjs', settings.program ?? oauthProgram());
  const child = spawn(process.execPath, [program], {
    cwd: folder,
    env: {
      PORT: String(port),
      OAUTH_CONFIG: write('oauth.json', JSON.stringify(settings.config)),
      ...(Object.fromEntries(files) as Record<string, string>),
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
  const log = (): string => said.join('');
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM');
    return ended;
  };
  const deadline = Date.now() + 20_000;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    await answer?.text();
    if (answer?.status === 200 || child.exitCode !== null) break;
    if (Date.now() > deadline) throw new Error(`the OAuth server is not healthy: ${log()}`);
    await sleep(20);
  }
  return { child, port, log, ended, stop };
}
