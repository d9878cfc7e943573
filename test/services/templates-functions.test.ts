import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compileTenancy } from '../../components/tenancy/compile';
import { migration } from '../../provider/database/migration';
import { table } from '../../provider/tenancy/table';
import { Platform, type Started } from './functions/platform';

const token = '123456:AAH-bot_token_of_nobody';
const apiSecret = 'abcd-api_secret-of-nobody';
const chat = '-1001234567890';
const forms: { readonly path: string; readonly form: Form }[] = [];

/** The fields of a form, as bytes in Latin-1. */
type Form = ReadonlyMap<string, string>;

function formIn(type: string, body: Buffer): Form {
  const boundary = /boundary=(.+)$/.exec(type)?.[1] ?? '';
  const parts = body.toString('latin1').split(`--${boundary}`);
  return new Map(
    parts.flatMap((part) => {
      const [head = '', ...rest] = part.split('\r\n\r\n');
      const name = /name="([^"]+)"/.exec(head)?.[1];
      return name === undefined ? [] : [[name, rest.join('\r\n\r\n').slice(0, -2)] as const];
    }),
  );
}

/** A stand-in for a vendor's API: what it was asked, and how it answers. */
class Vendor {
  readonly asked: string[] = [];
  failing: number | undefined;
  private server: Server | undefined;

  constructor(private readonly answer: (url: string, form: Form) => Response) {}

  async start(): Promise<string> {
    this.server = createServer((request, response) => void this.take(request, response));
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    this.asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const form = formIn(request.headers['content-type'] ?? '', Buffer.concat(parts));
    const answer = this.failing
      ? Response.json({ error: { message: `${token} ${apiSecret}` } }, { status: this.failing })
      : this.answer(request.url ?? '', form);
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  }
}

const documents = new Map<string, string>();
const telegram = new Vendor((url, form) => {
  if (url === `/bot${token}/sendDocument`) {
    expect(form.get('chat_id')).toBe(chat);
    const id = `BQAC-file_${documents.size}`;
    documents.set(id, form.get('document') ?? '');
    return Response.json({ ok: true, result: { document: { file_id: id } } });
  }
  const asked = /\/getFile\?file_id=(.*)$/.exec(url)?.[1];
  if (asked !== undefined) {
    if (!documents.has(asked)) return Response.json({ ok: false }, { status: 400 });
    return Response.json({ ok: true, result: { file_path: `documents/${asked}.bin` } });
  }
  const read = /^\/file\/bot123456:AAH-bot_token_of_nobody\/documents\/(.*)\.bin$/.exec(url)?.[1];
  return new Response(documents.get(read ?? ''));
});

const cloudinary = new Vendor((path, form) => {
  forms.push({ path, form });
  const given = [...form].filter(([name]) => !['file', 'api_key', 'signature'].includes(name));
  const signed = given.map((pair) => pair.join('=')).sort();
  const right = createHash('sha256')
    .update(signed.join('&') + apiSecret)
    .digest('hex');
  if (form.get('signature') !== right) return Response.json({}, { status: 401 });
  return Response.json({ public_id: form.get('public_id'), format: 'png' });
});

let platform: Platform;
let functions: Started;

type Who = 'ann' | 'bob' | 'gus';

async function call(
  method: string,
  path: string,
  who?: Who,
  body?: string | Uint8Array<ArrayBuffer>,
  type = 'image/png',
) {
  return fetch(`${functions.url}/functions/${path}`, {
    method,
    redirect: 'manual',
    headers: { ...(who && platform.bearer(platform.world[who])), 'content-type': type },
    ...(body !== undefined && { body }),
  });
}

async function uploaded(name: string, who: Who, body = 'the file of ann'): Promise<string> {
  const answer = await call('POST', `${name}?name=photo.png`, who, body);
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { id: string }).id;
}

/** The rows, or whatever a superuser does. */
async function asAdmin<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
  const admin = await platform.server.connect('postgres', 'platform');
  try {
    return (await admin.query(text, values)).rows as Row[];
  } finally {
    await admin.end();
  }
}

/** What a member may do through any of the APIs: a row of its own tenant, written as it likes. */
async function forge(who: Who, store: string, reference: string, id: string): Promise<void> {
  const { tenant, id: user } = platform.world[who];
  const client = await platform.server.connect('strata_app', 'platform');
  try {
    await client.query('begin');
    for (const [name, value] of Object.entries({
      tenant_id: tenant,
      user_id: user,
      role: 'member',
    })) {
      await client.query('select set_config($1, $2, true)', [`app.${name}`, value]);
    }
    await client.query(
      `insert into app.stored_files (id, store, name, mime_type, size, reference) values ($1, $2, 'x', 'image/png', 1, $3)`,
      [id, store, reference],
    );
    await client.query('commit');
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  const hosts = { telegram: await telegram.start(), cloudinary: await cloudinary.start() };
  platform = await Platform.start(undefined, 'platform', {
    app: 'templates',
    secrets: {
      TELEGRAM_FILES_URL: `http://${token}@${hosts.telegram}/${chat}`,
      CLOUDINARY_URL: `cloudinary://12345:${apiSecret}@cloud?upload_prefix=http://${hosts.cloudinary}`,
    },
  });
  const context = {
    urn: 'urn:pulumi:test::strata::strata:test:Thing::test',
    stack: 'test',
    name: 'test',
    signal: new AbortController().signal,
    progress: () => undefined,
    warn: () => undefined,
  };
  const url = platform.server.url('strata_migrator', 'platform');
  const sql = readFileSync('templates/functions/stored-files/table.sql', 'utf8');
  const made = { url, cluster: 'test', scope: 'app' as const, name: '060_stored_files', sql };
  await migration.create(made, context);
  const declared = {
    'app.stored_files': {
      owner: 'owner_id',
      columns: ['id', 'store', 'name', 'mime_type', 'size', 'reference'],
      read: 'member',
      insert: 'self',
      update: 'nobody',
      delete: 'owner',
    },
  } as const;
  for (const fence of compileTenancy({ tables: declared })) {
    await table.create({ url, cluster: 'test', schema: '1', ...fence }, context);
  }
  functions = await platform.run('functions', {
    environment: { BODY_BYTES: String(30 * 1024 ** 2) },
  });
});

afterAll(async () => {
  await platform.stop();
  telegram.stop();
  cloudinary.stop();
});

beforeEach(() => {
  for (const vendor of [telegram, cloudinary]) {
    vendor.asked.length = 0;
    vendor.failing = undefined;
  }
});

describe('a file at Telegram, by a stand-in for its API', () => {
  test('comes back as it went to its tenant’s members, as a file and not as a page', async () => {
    const id = await uploaded('telegram-files', 'ann');
    const answer = await call('GET', `telegram-files/${id}`, 'bob');
    expect([answer.status, await answer.text()]).toEqual([200, 'the file of ann']);
    expect(answer.headers.get('content-disposition')).toBe(
      `attachment; filename*=UTF-8''photo.png`,
    );
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    const [row] = await asAdmin(
      'select tenant_id, owner_id, size::int from app.stored_files where id = $1',
      [id],
    );
    const { tenant, id: user } = platform.world.ann;
    expect(row).toEqual({ tenant_id: tenant, owner_id: user, size: 15 });
  });

  test('of another tenant is not there, and Telegram is not asked', async () => {
    const id = await uploaded('telegram-files', 'ann');
    telegram.asked.length = 0;
    expect((await call('GET', `telegram-files/${id}`, 'gus')).status).toBe(404);
    expect(telegram.asked).toEqual([]);
  });

  test('of another tenant cannot be had by a row that names it', async () => {
    const id = await uploaded('telegram-files', 'ann');
    const [row] = await asAdmin<{ reference: string }>(
      'select reference from app.stored_files where id = $1',
      [id],
    );
    const reference = row?.reference ?? '';
    const [file = ''] = reference.split('.');
    telegram.asked.length = 0;
    for (const [index, forged] of [reference, file, `${file}.`, `${file}.AAAA`].entries()) {
      const own = `00000000-0000-4000-8000-00000000000${index}`;
      await forge('gus', 'telegram', forged, own);
      expect((await call('GET', `telegram-files/${own}`, 'gus')).status).toBe(404);
    }
    // The same id as ann's, in gus's own tenant.
    await forge('gus', 'telegram', reference, id);
    expect((await call('GET', `telegram-files/${id}`, 'gus')).status).toBe(404);
    expect(telegram.asked).toEqual([]);
  });

  test('of more than 20 MB is refused before Telegram is asked', async () => {
    const large = new Uint8Array(20 * 1024 ** 2 + 1);
    const answer = await call('POST', 'telegram-files?name=large', 'ann', large);
    expect([answer.status, telegram.asked]).toEqual([413, []]);
  });

  test('that Telegram does not take leaves no row', async () => {
    const count = () => asAdmin('select count(*)::int from app.stored_files');
    const before = await count();
    telegram.failing = 429;
    const answer = await call('POST', 'telegram-files?name=x', 'ann', 'x');
    expect(answer.status).toBe(502);
    expect(await answer.text()).toBe(
      '{"error":{"code":"store_failed","message":"what keeps the files answered with status 429"}}',
    );
    expect(await count()).toEqual(before);
  });
});

describe('a file at Cloudinary, by a stand-in for its API', () => {
  test('is uploaded so that nobody reads it without a signature, and read by a link for a minute', async () => {
    const id = await uploaded('cloudinary', 'ann');
    const name = `strata/${platform.world.ann.tenant}/${id}`;
    const { path, form } = forms.at(-1) ?? {};
    expect(path).toBe('/v1_1/cloud/image/upload');
    expect(form?.get('type')).toBe('authenticated');
    expect(form?.get('public_id')).toBe(name);
    expect(form?.get('file')).toBe('the file of ann');

    const answer = await call('GET', `cloudinary/${id}`, 'bob');
    expect(answer.status).toBe(303);
    const link = new URL(answer.headers.get('location') ?? '');
    expect(link.pathname).toBe('/v1_1/cloud/image/download');
    const { api_key, signature, ...parameters } = Object.fromEntries(link.searchParams);
    expect(parameters).toMatchObject({ public_id: name, type: 'authenticated', format: 'png' });
    expect(Number(parameters.expires_at) - Date.now() / 1000).toBeLessThanOrEqual(60);
    const text = Object.entries(parameters)
      .map((pair) => pair.join('='))
      .sort()
      .join('&');
    expect(signature).toBe(
      createHash('sha256')
        .update(text + apiSecret)
        .digest('hex'),
    );
    expect(api_key).toBe('12345');
  });

  test('of another tenant is not there, and a row of one’s own leads to nothing but one’s own', async () => {
    const id = await uploaded('cloudinary', 'ann');
    expect((await call('GET', `cloudinary/${id}`, 'gus')).status).toBe(404);
    await forge('gus', 'cloudinary', 'png', id);
    const location = (await call('GET', `cloudinary/${id}`, 'gus')).headers.get('location') ?? '';
    expect(new URL(location).searchParams.get('public_id')).toBe(
      `strata/${platform.world.gus.tenant}/${id}`,
    );
    const other = '00000000-0000-4000-8000-000000000009';
    await forge('gus', 'cloudinary', 'png&public_id=strata/x', other);
    expect((await call('GET', `cloudinary/${other}`, 'gus')).status).toBe(404);
  });

  test('that Cloudinary refuses leaves no row', async () => {
    const count = () => asAdmin('select count(*)::int from app.stored_files');
    const before = await count();
    cloudinary.failing = 400;
    expect((await call('POST', 'cloudinary?name=x', 'ann', 'x')).status).toBe(502);
    expect(await count()).toEqual(before);
  });
});

describe.each(['telegram-files', 'cloudinary'])('%s', (name) => {
  test.each([
    ['without a token', 401, `${name}?name=x`, undefined, 'x', 'image/png'],
    ['without a name', 400, name, 'ann', 'x', 'image/png'],
    ['with a path for a name', 400, `${name}?name=..%2Fx`, 'ann', 'x', 'image/png'],
    [
      'with a line end in the name',
      400,
      `${name}?name=x%0d%0aset-cookie:a`,
      'ann',
      'x',
      'image/png',
    ],
    ['with a type that is none', 415, `${name}?name=x`, 'ann', 'x', 'nonsense'],
    ['of nothing', 400, `${name}?name=x`, 'ann', '', 'image/png'],
  ] as const)('refuses an upload %s', async (_what, status, path, who, body, type) => {
    expect((await call('POST', path, who, body, type)).status).toBe(status);
    expect([...telegram.asked, ...cloudinary.asked]).toEqual([]);
  });

  test.each(['', 'x', '00000000-0000-4000-8000-000000000001/..'])(
    'finds nothing at /%s',
    async (id) => {
      expect((await call('GET', `${name}/${id}`, 'ann')).status).toBe(404);
    },
  );
});

test('no token and no API secret stands in a log or in an answer', async () => {
  telegram.stop();
  for (const name of ['telegram-files', 'cloudinary']) {
    const answer = await call('POST', `${name}?name=x`, 'ann', 'x');
    expect(await answer.text()).not.toMatch(/AAH-bot|abcd-api/);
  }
  expect(functions.lines.join('\n')).not.toMatch(/AAH-bot|abcd-api/);
  expect(functions.lines.length).toBeGreaterThan(0);
});
