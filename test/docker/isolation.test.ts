import { beforeAll, describe, expect, test } from 'vitest';
import { forge, payload } from '../support/forge';
import { engine } from '../support/docker';
import { ask, query } from './support/client';
import { container, prefix } from './support/platform';
import { absent, database, openScene, type Scene } from './support/scene';

let scene: Scene;
/** Texts that only globex may see. */
let theirs: string[];

beforeAll(async () => {
  if (absent) return;
  scene = await openScene();
  const rows = await database<{ body: string; id: string; tenant_id: string }>(
    scene,
    'strata_migrator',
    'select body, id, tenant_id from app.notes where tenant_id = $1',
    [scene.members.gus.tenantId],
  );
  theirs = rows.flatMap(({ body, id, tenant_id }) => [body, id, tenant_id]);
});

const notes = '{ notes { nodes { id body } } }';

describe.skipIf(absent)('who is not let in', () => {
  test('nobody without a token, at any route that needs one', async () => {
    for (const path of ['/graphql', '/functions/project-summary', '/storage/files']) {
      const body = path === '/graphql' ? { query: notes } : undefined;
      expect((await ask(scene, path, { body })).status, path).toBe(401);
    }
  });

  test('nobody with a token that the platform did not sign, or that is over', async () => {
    const { jwt } = scene.outputs;
    const good = payload(jwt, scene.members.ann);
    const bad = {
      'another key': forge({ alg: 'HS256' }, good, 'x'.repeat(64)),
      'no signature': forge({ alg: 'none' }, good, undefined),
      'another hash': forge({ alg: 'HS512' }, good, jwt.key),
      expired: forge({ alg: 'HS256' }, { ...good, exp: 1 }, jwt.key),
      'another audience': forge({ alg: 'HS256' }, { ...good, aud: 'else' }, jwt.key),
    };
    for (const [what, token] of Object.entries(bad)) {
      for (const path of ['/graphql', '/functions/project-summary', '/storage/files']) {
        const body = path === '/graphql' ? { query: notes } : undefined;
        expect((await ask(scene, path, { token, body })).status, `${what} at ${path}`).toBe(401);
      }
    }
  });

  test('nobody into another tenant than the token names, however it is asked for', async () => {
    const token = scene.tokenOf('ann');
    const { tenantId } = scene.members.gus;
    expect(
      (await ask(scene, '/graphql', { token, body: { query: notes }, host: 'globex.localhost' }))
        .status,
    ).toBe(403);
    const forged: Record<string, string>[] = [
      { 'x-strata-tenant': tenantId },
      { 'x-strata-tenant-id': tenantId, 'x-strata-user-id': scene.members.gus.userId },
      { 'x-hasura-tenant-id': tenantId },
      { 'x-tenant-id': tenantId },
    ];
    for (const headers of forged) {
      const answer = await ask(scene, '/graphql', { token, headers, body: { query: notes } });
      for (const text of theirs) expect(answer.text).not.toContain(text);
    }
  });
});

describe.skipIf(absent)('two tenants side by side', () => {
  test('each sees its own rows and files and none of the other, by every door', async () => {
    expect(theirs.length).toBeGreaterThan(0);
    const ours = JSON.stringify(await query(scene, scene.tokenOf('ann'), notes));
    const summary = (
      await ask(scene, '/functions/project-summary', { token: scene.tokenOf('ann') })
    ).text;
    const files = (await ask(scene, '/storage/files', { token: scene.tokenOf('ann') })).text;
    for (const text of theirs) {
      expect(ours).not.toContain(text);
      expect(summary).not.toContain(text);
      expect(files).not.toContain(text);
    }
    const gus = JSON.stringify(await query(scene, scene.tokenOf('gus'), notes));
    expect(theirs.some((text) => gus.includes(text))).toBe(true);
  });

  test('no write reaches the other tenant', async () => {
    const [row] = await database<{ id: string }>(
      scene,
      'strata_migrator',
      'select id from app.notes where tenant_id = $1 limit 1',
      [scene.members.gus.tenantId],
    );
    const count = async () =>
      database(
        scene,
        'strata_migrator',
        'select md5(string_agg(n::text, $2 order by n.id)) from app.notes n where tenant_id = $1',
        [scene.members.gus.tenantId, ''],
      );
    const before = await count();
    for (const tenantId of [scene.members.gus.tenantId, scene.members.ann.tenantId]) {
      const answer = await ask(scene, '/graphql', {
        token: scene.tokenOf('ann'),
        body: {
          query:
            'mutation ($t: UUID!, $id: UUID!) { deleteNote(input: { tenantId: $t, id: $id }) { clientMutationId } }',
          variables: { t: tenantId, id: row?.id },
        },
      });
      expect(answer.text).toContain('errors');
    }
    expect(await count()).toEqual(before);
  });
});

describe.skipIf(absent)('what can be reached past the gateway', () => {
  test('nothing: only the gateway publishes ports, and the database on the loopback address alone', async () => {
    const all = await engine.listContainers();
    const published = all
      .filter(({ Names }) => Names.some((name) => name.startsWith(`/${prefix}`)))
      .flatMap(({ Names, Ports }) =>
        Ports.filter(({ PublicPort }) => PublicPort).map(({ IP, PublicPort }) => ({
          name: Names[0]?.slice(1 + prefix.length),
          address: IP,
          port: PublicPort,
        })),
      );
    const { http, https, database: postgres } = scene.ports;
    expect(published.filter(({ name }) => name !== 'gateway-1')).toEqual([
      { name: 'database-1', address: '127.0.0.1', port: postgres },
    ]);
    const gateway = published.filter(({ name }) => name === 'gateway-1').map(({ port }) => port);
    expect([...new Set(gateway)].sort()).toEqual([http, https].sort());
  });
});

describe.skipIf(absent)('while there is no guard', () => {
  test('everything is closed, and open again when it does', async () => {
    const token = scene.tokenOf('ann');
    await container('guard').stop();
    try {
      for (const path of ['/graphql', '/functions/project-summary', '/storage/files']) {
        const body = path === '/graphql' ? { query: notes } : undefined;
        const { status, text } = await ask(scene, path, { token, body });
        expect([503, 504], path).toContain(status);
        expect(text).not.toContain('nodes');
      }
    } finally {
      await container('guard').start();
    }
    await expect
      .poll(async () => (await ask(scene, '/graphql', { token, body: { query: notes } })).status, {
        timeout: 30_000,
      })
      .toBe(200);
  });
});
