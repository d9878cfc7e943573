import { afterAll, beforeAll, expect, test } from 'vitest';
import { gotrueAddress } from '../../components/services/auth/gotrue';
import { sessionsConfig } from '../../components/services/auth/sessions';
import { auth } from '../../components/settings/auth';
import { settingsSchema } from '../../components/settings/schema';
import { startProgram } from '../support/node-program';
import { issuer, SessionsWorld } from '../support/sessions-world';

let world: SessionsWorld;

beforeAll(async () => {
  world = await SessionsWorld.start('gotrue');
});
afterAll(() => world.stop());

test('the program runs as a container runs it, with what its description gives it, and stops when told', async () => {
  const settings = { ...settingsSchema.parse({ domain: 'example.org' }), auth: auth.parse({}) };
  const sessions = await startProgram({
    entry: 'components/services/images/sessions/server.ts',
    config: { SESSIONS_CONFIG: sessionsConfig(settings, gotrueAddress) },
    secrets: {
      JWT_KEY: issuer.key,
      DATABASE_URL: world.server.url('strata_sessions', 'strata'),
    },
  });
  const status = async (at: string): Promise<number> =>
    (await fetch(`http://127.0.0.1:${String(sessions.port)}${at}`)).status;
  expect([await status('/metrics'), await status('/'), await status('/auth/me')]).toEqual([
    200, 404, 401,
  ]);
  expect(await sessions.stop()).toBe(0);
});
