import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FileView } from '../../components/services/images/storage/views';
import { noGarage, tokenFor } from '../support/storage';
import { StorageWorld } from '../support/storage-world';
import { pathOf, StorageClient, type Got } from '../support/storage-client';

let storage: StorageWorld;
let ann: StorageClient;
let bob: StorageClient;
let gus: StorageClient;
let nobody: StorageClient;
/** Gus' files: globex is attacked. */
let victim: FileView;
let open: FileView;

beforeAll(async () => {
  if (noGarage !== undefined) return;
  storage = await StorageWorld.start('attacks');
  ann = await storage.as('ann');
  bob = await storage.as('bob');
  gus = await storage.as('gus');
  nobody = new StorageClient(storage.service.url);
  victim = await gus.store('secret of globex', { visibility: 'tenant' });
  open = await gus.store('open to all', { visibility: 'public' });
});

afterAll(() => (noGarage === undefined ? storage.stop() : undefined));

const skipped = noGarage === undefined ? '' : ` (skipped: ${noGarage})`;

interface Attack {
  readonly name: string;
  readonly run: () => Promise<Got>;
  readonly gets: readonly [status: number, code: string];
}

const notFound = [404, 'file_not_found'] as const;

const attacks: readonly Attack[] = [
  // Another tenant's file.
  { name: "reads another tenant's file", run: () => ann.get(victim.id), gets: notFound },
  {
    name: "reads what is known of another tenant's file",
    run: () => ann.send('GET', `/storage/files/${victim.id}`),
    gets: notFound,
  },
  {
    name: "deletes another tenant's file",
    run: () => ann.send('DELETE', `/storage/files/${victim.id}`),
    gets: notFound,
  },
  {
    name: "asks for a link to another tenant's file",
    run: () => ann.json('POST', `/storage/files/${victim.id}/links`, {}),
    gets: notFound,
  },
  {
    name: "uploads into another tenant's file",
    run: async () => ann.put((await gus.announced(3)).file.id, 'abc'),
    gets: notFound,
  },
  {
    name: "reads another tenant's public file as a member's",
    run: () => ann.get(open.id),
    gets: notFound,
  },
  {
    name: 'says to be another tenant by the headers of the gateway',
    run: () =>
      ann.send('GET', `/storage/files/${victim.id}`, undefined, {
        'x-strata-tenant': storage.world.globex.id,
        'x-strata-user': storage.world.gus.id,
        'x-strata-role': 'tenant_admin',
        'x-tenant': 'globex',
      }),
    gets: notFound,
  },
  {
    name: "reads a member's private file as another member",
    run: async () => bob.get((await ann.store('private')).id),
    gets: notFound,
  },
  {
    name: "asks for a link to a member's private file as another member",
    run: async () =>
      bob.json('POST', `/storage/files/${(await ann.store('private')).id}/links`, {}),
    gets: notFound,
  },
  {
    name: "uploads into another member's announced file",
    run: async () => bob.put((await ann.announced(3)).file.id, 'abc'),
    gets: notFound,
  },
  {
    name: 'names a tenant of its own when it announces',
    run: () =>
      ann.announce({
        name: 'a',
        mimeType: 'text/plain',
        size: 1,
        tenant_id: storage.world.globex.id,
      }),
    gets: [400, 'request_invalid'],
  },

  // Tokens.
  { name: 'has no token', run: () => nobody.get(victim.id), gets: [401, 'token_missing'] },
  {
    name: 'has a token that has expired',
    run: async () => {
      const { id: userId, tenant: tenantId } = storage.world.gus;
      const token = await tokenFor({ tenantId, userId, role: 'tenant_admin' }, -10);
      return new StorageClient(storage.service.url, token).get(victim.id);
    },
    gets: [401, 'token_expired'],
  },
  {
    name: 'takes a link for a token',
    run: async () => {
      const link = new URL(await gus.link(victim.id), 'http://x').searchParams.get('token') ?? '';
      return new StorageClient(storage.service.url, link).get(victim.id);
    },
    gets: [401, 'token_invalid'],
  },
  {
    name: 'has a token with another role than a member has',
    run: async () => {
      const { id: userId, tenant: tenantId } = storage.world.gus;
      const token = await tokenFor({ tenantId, userId, role: 'admin' as 'tenant_admin' });
      return new StorageClient(storage.service.url, token).get(victim.id);
    },
    gets: [401, 'token_without_tenant'],
  },
  {
    name: 'writes with an API key that may read',
    run: async () => (await storage.as('ann', ['storage:read'])).announce({}),
    gets: [403, 'scope_missing'],
  },
  {
    name: 'reads with an API key for something else',
    run: async () => (await storage.as('gus', ['graphql:*'])).get(victim.id),
    gets: [403, 'scope_missing'],
  },

  // The CDN.
  {
    name: 'reads a file at the CDN that is not public',
    run: () => nobody.send('GET', `/cdn/globex/${victim.id}`),
    gets: notFound,
  },
  {
    name: "reads a public file at the CDN by another tenant's name",
    run: () => nobody.send('GET', `/cdn/acme/${open.id}`),
    gets: notFound,
  },
  {
    name: 'writes SQL into the name of a tenant',
    run: () => nobody.send('GET', `/cdn/globex'--/${open.id}`),
    gets: notFound,
  },
  {
    name: 'reads a file at the CDN that was only announced',
    run: async () => {
      const { text } = await gus.announce({
        name: 'a',
        mimeType: 'text/plain',
        size: 1,
        visibility: 'public',
      });
      const { file } = JSON.parse(text) as { file: FileView };
      return nobody.send('GET', `/cdn/globex/${file.id}`);
    },
    gets: notFound,
  },

  // Paths.
  { name: 'climbs out of a path', run: () => ann.get('..%2f..%2fmetrics'), gets: notFound },
  {
    name: 'asks for the figures below the path of files',
    run: () => ann.send('GET', '/storage/metrics'),
    gets: [404, 'not_found'],
  },
  {
    name: 'asks for the figures at the CDN',
    run: () => nobody.send('GET', '/cdn/metrics'),
    gets: [404, 'not_found'],
  },
  {
    name: 'names a file that is no uuid',
    run: () => ann.send('GET', "/storage/files/1'or'1"),
    gets: notFound,
  },
];

describe.skipIf(noGarage !== undefined)(`an attack on files fails${skipped}: somebody who`, () => {
  test('may, can', async () => {
    expect((await gus.get(victim.id)).text).toBe('secret of globex');
    expect((await nobody.send('GET', await gus.link(victim.id))).text).toBe('secret of globex');
    expect((await nobody.send('GET', `/cdn/globex/${open.id}`)).text).toBe('open to all');
    const reader = await storage.as('gus', ['storage:read']);
    expect((await reader.get(victim.id)).status).toBe(200);
    const writer = await storage.as('gus', ['storage:*']);
    expect((await writer.announced(3)).file.status).toBe('pending');
  });

  test.each(attacks)('$name', async ({ run, gets }) => {
    const { status, code, text } = await run();
    expect([status, code], text).toEqual(gets);
    expect(text).not.toContain('globex');
  });

  test('is of a suspended tenant reaches nothing, by no door', async () => {
    const link = await gus.link(victim.id);
    const { upload } = await gus.announced(3);
    const suspend = (status: string) =>
      storage.rows("update registry.tenants set status = $1 where slug = 'globex'", [status]);
    await suspend('suspended');
    const answers = [
      await gus.get(victim.id),
      await gus.announce({ name: 'a', mimeType: 'text/plain', size: 1 }),
      await nobody.send('GET', link),
      await nobody.send('PUT', pathOf(upload.url), 'abc', { 'content-length': 3 }),
      await nobody.send('GET', `/cdn/globex/${open.id}`),
    ];
    await suspend('active');
    expect(answers.map(({ status, code }) => [status, code])).toEqual([
      [403, 'tenant_suspended'],
      [403, 'tenant_suspended'],
      [403, 'tenant_suspended'],
      [403, 'tenant_suspended'],
      [404, 'file_not_found'],
    ]);
    expect((await nobody.send('GET', link)).text).toBe('secret of globex');
  });

  test('is no longer a member adds nothing, whatever the token still says', async () => {
    const hal = await storage.as('hal');
    expect((await hal.announced(3)).file.status).toBe('pending');
    await storage.rows('delete from registry.members where user_id = $1', [storage.world.hal.id]);
    expect(await hal.announce({ name: 'a', mimeType: 'text/plain', size: 3 })).toMatchObject({
      status: 403,
      code: 'not_allowed',
    });
  });
});
