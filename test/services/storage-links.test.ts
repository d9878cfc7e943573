import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linkKey } from '../../components/services/images/storage/derive';
import type { FileView } from '../../components/services/images/storage/views';
import { jwtKey, master, noGarage } from '../support/storage';
import { pathOf, StorageClient, type Got } from '../support/storage-client';
import { StorageWorld } from '../support/storage-world';

let storage: StorageWorld;
let gus: StorageClient;
let nobody: StorageClient;
/** Gus' files: whoever has a link to one wants the other. */
let victim: FileView;
let open: FileView;

beforeAll(async () => {
  if (noGarage !== undefined) return;
  storage = await StorageWorld.start('links');
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

const invalid = [403, 'link_invalid'] as const;

/** Changes a link's query or path. */
async function bent(link: Promise<string>, bend: (link: string) => string): Promise<Got> {
  return nobody.send('GET', bend(await link));
}

/** A link as the service makes them, but for what is given; with another key it is a forgery. */
async function made(claims: Record<string, unknown>, key = linkKey(master)): Promise<Got> {
  const { id: user, tenant } = storage.world.gus;
  const token = await new SignJWT({ tenant, user, role: 'tenant_admin', inline: false, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(key);
  return nobody.send('GET', `/storage/signed/${victim.id}?token=${token}`);
}

const soon = (): number => Math.floor(Date.now() / 1000) + 60;
const right = () => ({ iss: 'strata-storage', aud: 'GET', sub: victim.id, exp: soon() });

const attacks: readonly Attack[] = [
  {
    name: 'takes the link to one file for another',
    run: () => bent(gus.link(open.id), (link) => link.replace(open.id, victim.id)),
    gets: invalid,
  },
  {
    name: 'reads by the link for an upload',
    run: async () => nobody.send('GET', pathOf((await gus.announced(3)).upload.url)),
    gets: invalid,
  },
  {
    name: 'uploads by the link for reading',
    run: async () => nobody.send('PUT', await gus.link(victim.id), 'abc', { 'content-length': 3 }),
    gets: invalid,
  },
  {
    name: "bends a link's content",
    run: () =>
      bent(gus.link(victim.id), (link) => {
        const [path = '', head = '', body = '', signature = ''] = link.split(/token=|\./);
        const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
        const other = { ...claims, exp: 4_000_000_000 };
        const text = Buffer.from(JSON.stringify(other)).toString('base64url');
        return `${path}token=${head}.${text}.${signature}`;
      }),
    gets: invalid,
  },
  {
    name: 'leaves the signature out',
    run: () => bent(gus.link(victim.id), (link) => link.slice(0, link.lastIndexOf('.') + 1)),
    gets: invalid,
  },
  {
    name: 'says that a link needs no signature',
    run: () =>
      bent(gus.link(victim.id), (link) => {
        const [path = '', , body = ''] = link.split(/token=|\./);
        const head = Buffer.from('{"alg":"none"}').toString('base64url');
        return `${path}token=${head}.${body}.`;
      }),
    gets: invalid,
  },
  {
    name: 'has no token in the query',
    run: () => nobody.send('GET', `/storage/signed/${victim.id}`),
    gets: [400, 'request_invalid'],
  },
  {
    name: 'has a link that has expired',
    run: () => made({ ...right(), exp: soon() - 120 }),
    gets: [403, 'link_expired'],
  },
  {
    name: 'has a link that never expires',
    run: () => made({ iss: 'strata-storage', aud: 'GET', sub: victim.id }),
    gets: invalid,
  },
  {
    name: 'signs a link with the key of access tokens',
    run: () => made(right(), new TextEncoder().encode(jwtKey)),
    gets: invalid,
  },
  {
    name: 'signs a link with the master secret itself',
    run: () => made(right(), new TextEncoder().encode(master)),
    gets: invalid,
  },
  {
    name: "swaps the tenant of a link, and finds nothing in another one's rows",
    run: () => made({ ...right(), tenant: storage.world.acme.id, user: storage.world.ann.id }),
    gets: [404, 'file_not_found'],
  },
  ...(['x-tenant-host', 'x-tenant-path'] as const).flatMap((header): Attack[] => [
    {
      name: `reads by it at another tenant's address (${header})`,
      run: async () =>
        nobody.send('GET', await gus.link(victim.id), undefined, { [header]: 'acme' }),
      gets: [404, 'file_not_found'],
    },
    {
      name: `uploads by it at another tenant's address (${header})`,
      run: async () =>
        nobody.send('PUT', pathOf((await gus.announced(3)).upload.url), 'abc', {
          'content-length': 3,
          [header]: 'acme',
        }),
      gets: [404, 'file_not_found'],
    },
  ]),
  {
    name: 'asks for a link that lasts for days',
    run: () => gus.json('POST', `/storage/files/${victim.id}/links`, { seconds: 864_000 }),
    gets: [400, 'request_invalid'],
  },
];

describe.skipIf(noGarage !== undefined)(`a signed link${skipped}`, () => {
  test('opens what it is for', async () => {
    expect((await nobody.send('GET', await gus.link(victim.id))).text).toBe('secret of globex');
    expect((await made(right())).text).toBe('secret of globex');
    // At its tenant's own address too; the gateway leaves empty what an address does not name.
    const own = { 'x-tenant-host': 'globex', 'x-tenant-path': '' };
    expect((await nobody.send('GET', await gus.link(victim.id), undefined, own)).status).toBe(200);
    const put = await gus.announced(3);
    const sent = { 'content-length': 3, ...own };
    expect((await nobody.send('PUT', pathOf(put.upload.url), 'abc', sent)).status).toBe(200);
  });

  test.each(attacks)('helps nobody who $name', async ({ run, gets }) => {
    const { status, code, text } = await run();
    expect([status, code], text).toEqual(gets);
    expect(text).not.toContain('globex');
  });

  test('opens nothing once its file is deleted', async () => {
    const { id } = await gus.store('gone');
    const link = await gus.link(id);
    expect((await nobody.send('GET', link)).text).toBe('gone');
    await gus.send('DELETE', `/storage/files/${id}`);
    expect(await nobody.send('GET', link)).toMatchObject({ status: 404, code: 'file_not_found' });
  });
});
