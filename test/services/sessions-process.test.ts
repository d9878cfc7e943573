import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gotrueAddress } from '../../components/services/auth/gotrue';
import { sessionsConfig } from '../../components/services/auth/sessions';
import { auth } from '../../components/settings/auth';
import { settingsSchema } from '../../components/settings/schema';
import { standalone } from '../../engine/loader';
import { freePort } from '../support/ports';
import { issuer, SessionsWorld } from '../support/sessions-world';

let world: SessionsWorld;
const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-sessions-'));

beforeAll(async () => {
  world = await SessionsWorld.start('gotrue');
});
afterAll(async () => {
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('the program runs as a container runs it, with what its description gives it, and stops when told', async () => {
  const write = (name: string, text: string): string => {
    const file = path.join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const settings = { ...settingsSchema.parse({ domain: 'example.org' }), auth: auth.parse({}) };
  const config = sessionsConfig(settings, gotrueAddress);
  const port = await freePort();
  const program = standalone('components/services/images/sessions/server.ts');
  const child = spawn(process.execPath, [write('server.cjs', program)], {
    cwd: folder,
    env: {
      PORT: String(port),
      SESSIONS_CONFIG: write('sessions.json', JSON.stringify(config)),
      JWT_KEY_FILE: write('JWT_KEY', issuer.key),
      DATABASE_URL_FILE: write('DATABASE_URL', world.server.url('strata_sessions', 'strata')),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const status = async (at: string): Promise<number | undefined> =>
    (await fetch(`http://127.0.0.1:${String(port)}${at}`).catch(() => undefined))?.status;
  await expect.poll(() => status('/healthz'), { timeout: 20_000 }).toBe(200);
  expect([await status('/metrics'), await status('/'), await status('/auth/me')]).toEqual([
    200, 404, 401,
  ]);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});
