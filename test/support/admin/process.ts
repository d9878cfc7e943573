import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { AdminConfig } from '../../../components/services/images/admin/config';
import { standalone } from '../../../engine/loader';
import { operatorPassword } from '../gateway/nginx';
import { freePort } from '../ports';
import { until } from '../storage';

/** A running admin page. */
export interface AdminProcess {
  readonly port: number;
  /** Everything that it has written. */
  readonly log: () => string;
  /** As a container is stopped; its exit code. */
  readonly stop: () => Promise<number | null>;
}

/** As the operators log in. */
export const operatorLogin = `Basic ${Buffer.from(`operator:${operatorPassword}`).toString('base64')}`;

/** A page that shows nothing but itself, at example.org. */
export function adminConfig(changes: Partial<AdminConfig> = {}): AdminConfig {
  return {
    hosts: ['example.org', 'api.example.org'],
    requestsPerMinute: 6000,
    services: [],
    dashboards: [],
    databaseTools: [],
    ...changes,
  };
}

/** The program as a container runs it, and waits until it answers. */
export async function startAdmin(config: AdminConfig, databaseUrl: string): Promise<AdminProcess> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-admin-'));
  const write = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const port = await freePort();
  const program = standalone('components/services/images/admin/server.ts');
  const child = spawn(process.execPath, [write('server.cjs', program)], {
    cwd: folder,
    env: {
      PORT: String(port),
      ADMIN_CONFIG: write('admin.json', JSON.stringify(config)),
      DATABASE_URL_FILE: write('DATABASE_URL', databaseUrl),
      OPERATOR_FILE: write('OPERATOR', operatorPassword),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  }
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the program ended: ${said}`);
    return (await fetch(`http://127.0.0.1:${String(port)}/healthz`)).status === 200;
  });
  return {
    port,
    log: () => said,
    async stop() {
      if (child.exitCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
      return child.exitCode;
    },
  };
}
