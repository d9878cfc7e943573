import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { ask, type Answer } from './support/client';
import { absent, database, openScene, type Member, type Scene } from './support/scene';

interface Announced {
  readonly file: { readonly id: string };
  readonly upload: { readonly url: string };
}

let scene: Scene;

beforeAll(async () => {
  if (!absent) scene = await openScene();
});

function announce(member: Member, file: Readonly<Record<string, unknown>>): Promise<Answer> {
  return ask(scene, '/storage/files', { token: scene.tokenOf(member), body: file });
}

/** What a link of the service leads to, through the gateway. */
function pathOf(url: string): string {
  const { origin, pathname, search } = new URL(url);
  expect(origin).toBe(`https://localhost:${String(scene.ports.https)}`);
  return pathname + search;
}

/** Announces a text file, uploads it by its link, and gives back its id. */
async function store(member: Member, content: string): Promise<string> {
  const answer = await announce(member, {
    name: 'letter.txt',
    mimeType: 'text/plain',
    size: content.length,
  });
  expect(answer.status).toBe(201);
  const { file, upload } = answer.json() as Announced;
  const headers = { 'content-type': 'text/plain' };
  const put = await ask(scene, pathOf(upload.url), { method: 'PUT', body: content, headers });
  expect(put.status).toBe(200);
  return file.id;
}

describe.skipIf(absent)('a file of a tenant', () => {
  test('goes through the gateway into the object store, with a row under the policies, and comes back', async () => {
    const content = `from ann: ${randomBytes(8).toString('hex')}`;
    const id = await store('ann', content);
    const got = await ask(scene, `/storage/files/${id}/content`, { token: scene.tokenOf('ann') });
    expect({ status: got.status, text: got.text }).toEqual({ status: 200, text: content });
    // It is its owner's until she shares it.
    const colleague = await ask(scene, `/storage/files/${id}/content`, {
      token: scene.tokenOf('bob'),
    });
    expect(colleague.status).toBe(404);
    // Nothing that a tenant uploaded runs in a browser.
    expect(got.headers['content-disposition']).toMatch(/^attachment/);
    expect(
      await database(
        scene,
        'strata_migrator',
        'select tenant_id, status from storage.files where id = $1',
        [id],
      ),
    ).toEqual([{ tenant_id: scene.members.ann.tenantId, status: 'ready' }]);
  });

  test('is not there for the other tenant, by its id, its list or by a link that was bent', async () => {
    const id = await store('ann', 'only for acme');
    const theirs = scene.tokenOf('gus');
    for (const [method, path] of [
      ['GET', `/storage/files/${id}`],
      ['GET', `/storage/files/${id}/content`],
      ['POST', `/storage/files/${id}/links`],
      ['DELETE', `/storage/files/${id}`],
    ] as const) {
      const body = method === 'POST' ? {} : undefined;
      const { status } = await ask(scene, path, { method, token: theirs, body });
      expect({ method, path, status }).toEqual({ method, path, status: 404 });
    }
    const list = await ask(scene, '/storage/files?limit=100', { token: theirs });
    expect(list.text).not.toContain(id);

    const other = await store('gus', 'only for globex');
    const links = await ask(scene, `/storage/files/${other}/links`, { token: theirs, body: {} });
    const { url } = links.json() as { url: string };
    expect((await ask(scene, pathOf(url))).text).toBe('only for globex');
    expect((await ask(scene, pathOf(url).replace(other, id))).status).toBe(403);
  });

  test('is refused when it is too large, of a kind that is not taken, or not what it says', async () => {
    const cases = [
      [{ name: 'film.mp4', mimeType: 'video/mp4', size: 200 * 1024 * 1024 }, 413],
      [{ name: 'a.exe', mimeType: 'application/x-msdownload', size: 10 }, 415],
      [{ name: '../../etc/passwd', mimeType: 'text/plain', size: 10 }, 400],
    ] as const;
    for (const [file, status] of cases) {
      expect({ file, status: (await announce('ann', file)).status }).toEqual({ file, status });
    }
    const page = '<script>alert(1)</script>';
    const { file, upload } = (
      await announce('ann', { name: 'x.png', mimeType: 'image/png', size: page.length })
    ).json() as Announced;
    const put = await ask(scene, pathOf(upload.url), {
      method: 'PUT',
      body: page,
      headers: { 'content-type': 'image/png' },
    });
    expect(put.status).toBe(415);
    const got = await ask(scene, `/storage/files/${file.id}/content`, {
      token: scene.tokenOf('ann'),
    });
    expect(got.status).toBe(404);
  });

  test('is refused when the member has used up what it may keep', async () => {
    const refused = await announce('bob', {
      name: 'big.txt',
      mimeType: 'text/plain',
      size: 90 * 1024 * 1024,
    });
    expect(refused.status).toBe(201);
    // The quota counts what was announced, so nobody gets past it with uploads side by side.
    const many = await Promise.all(
      Array.from({ length: 25 }, () =>
        announce('bob', { name: 'big.txt', mimeType: 'text/plain', size: 90 * 1024 * 1024 }),
      ),
    );
    const statuses = many.map(({ status }) => status);
    expect(statuses).toContain(413);
    expect(statuses.every((status) => [201, 413].includes(status))).toBe(true);
  });
});
