import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noRedis } from '../support/guard/redis';
import { RawSocket } from '../support/realtime/raw';
import { RealtimeWorld } from '../support/realtime/world';

const what = 'what realtime asks the guard about living sockets, with real Postgres and Redis';
const title = noRedis ? `${what} (skipped: ${noRedis})` : what;

describe.skipIf(noRedis !== undefined)(title, () => {
  let world: RealtimeWorld;

  beforeAll(async () => {
    world = await RealtimeWorld.start();
  });
  afterAll(async () => {
    await world.stop();
  });

  test('however many sign out, and whatever is joined, the guard is asked about each socket once in a second, with a stand-in for it', async () => {
    const { ann } = world.people;
    let [asked, status] = [0, 200];
    const guard = createServer((_request, response) => {
      asked += 1;
      const told = { tenantId: ann.tenant, userId: ann.id, role: 'tenant_admin', caller: ann.id };
      response.writeHead(status, { 'content-type': 'application/json' });
      const error = { code: 'token_revoked', message: 'revoked' };
      response.end(JSON.stringify({ ...told, endsAt: Date.now() + 60_000, error }));
    });
    await new Promise<void>((resolve) => guard.listen(0, '127.0.0.1', resolve));
    const { port } = guard.address() as AddressInfo;
    const config = { ...world.config(), guard: `http://127.0.0.1:${String(port)}` };
    const instance = await world.instance({}, { config });
    const client = await RawSocket.open(instance.port);
    expect(await client.join('realtime:room:1', 'a token')).toBe('ok');
    for (let many = 0; many < 50; many += 1) {
      expect(await client.join(`realtime:room:${String(many)}`, 'a token')).toBe('ok');
    }
    expect(asked).toBeLessThan(10);
    asked = 0;
    for (let many = 0; many < 300; many += 1) {
      await world.guarded.admin.query("select pg_notify('strata_guard', 'revocations')");
    }
    const known = await client.ask([null, '5', 'phoenix', 'heartbeat', {}]);
    expect([known, asked < 20]).toEqual(['ok', true]);
    status = 401;
    // What is heard last is asked about too.
    expect(await client.ended).toBe('4403 revoked');
    guard.close();
  });
});
