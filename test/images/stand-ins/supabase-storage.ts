import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { jwtVerify, SignJWT } from 'jose';
import { type Client } from 'pg';
import { storageTables } from '../../support/storage-tables';
import { presigned } from './shared/presign';
import { bearer, demand, fail, serve, withClient, type Answer, type Asked } from './shared/program';

/**
 * A stand-in for supabase/storage-api as a container: its variables, ports and health path, tables in its database, the
 * object store, and of its file API buckets, files, lists, links and smaller images. Each request acts in one transaction
 * as the token's role with its claims (supabase/storage, transaction settings id 56739901030, read 2026-11-22).
 */
const bucketName = demand('STORAGE_S3_BUCKET');
const access = {
  endpoint: demand('STORAGE_S3_ENDPOINT'),
  region: demand('STORAGE_S3_REGION'),
  bucket: bucketName,
  id: demand('AWS_ACCESS_KEY_ID'),
  secret: demand('AWS_SECRET_ACCESS_KEY'),
};
const store = new S3Client({
  endpoint: access.endpoint,
  region: access.region,
  forcePathStyle: demand('STORAGE_S3_FORCE_PATH_STYLE') === 'true',
  credentials: { accessKeyId: access.id, secretAccessKey: access.secret },
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
});
const key = new TextEncoder().encode(demand('AUTH_JWT_SECRET'));
const database = demand('DATABASE_URL');
for (const name of ['ANON_KEY', 'UPLOAD_FILE_SIZE_LIMIT', 'STORAGE_PUBLIC_URL']) demand(name);

class Refused extends Error {
  constructor(
    readonly statusCode: string,
    readonly error: string,
    message: string,
  ) {
    super(message);
  }
}

const notFound = (what: string): Refused => new Refused('404', 'not_found', `${what} not found`);

/** Work as the caller: the roles that tokens may name are those that the settings say. */
async function asCaller<T>(asked: Asked, work: (client: Client) => Promise<T>): Promise<T> {
  const claims = await verified(bearer(asked));
  return withClient(database, async (client) => {
    await client.query('begin');
    await client.query(
      `select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)`,
      [claims.role ?? demand('DB_ANON_ROLE'), JSON.stringify(claims)],
    );
    const done = await work(client);
    await client.query('commit');
    return done;
  });
}

async function verified(
  token: string,
): Promise<{ readonly [name: string]: unknown; readonly role?: string }> {
  try {
    return (await jwtVerify(token, key)).payload;
  } catch (error) {
    throw new Refused('403', 'Unauthorized', String(error));
  }
}

const placeOf = (bucket: string, name: string): string =>
  `${demand('TENANT_ID')}/${bucket}/${name}`;

async function upload(asked: Asked, bucket: string, name: string): Promise<Answer> {
  if (asked.body.length > Number(demand('UPLOAD_FILE_SIZE_LIMIT'))) {
    throw new Refused('413', 'Payload too large', 'The object exceeded the maximum allowed size');
  }
  const id = await asCaller(asked, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      'insert into storage.objects (bucket_id, name, metadata) values ($1, $2, $3) returning id',
      [bucket, name, { mimetype: asked.headers['content-type'] }],
    );
    const Key = placeOf(bucket, name);
    await store.send(new PutObjectCommand({ Bucket: bucketName, Key, Body: asked.body }));
    return rows[0]?.id;
  });
  return [200, { Id: id, Key: `${bucket}/${name}` }];
}

async function visible(asked: Asked, bucket: string, name: string): Promise<void> {
  const found = await asCaller(asked, (client) =>
    client.query('select from storage.objects where bucket_id = $1 and name = $2', [bucket, name]),
  );
  if (found.rowCount === 0) throw notFound('Object');
}

async function read(bucket: string, name: string): Promise<Answer> {
  const Key = placeOf(bucket, name);
  const { Body } = await store.send(new GetObjectCommand({ Bucket: bucketName, Key }));
  const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
  return [200, bytes, { 'content-type': 'application/octet-stream' }];
}

/** Asked by the service itself, as upstream asks: no policy has a say. */
async function shown(_asked: Asked, bucket: string, name: string): Promise<Answer> {
  const open = await withClient(database, (client) =>
    client.query('select from storage.buckets where id = $1 and public', [bucket]),
  );
  if (open.rowCount === 0) throw notFound('Bucket');
  return read(bucket, name);
}

async function sign(asked: Asked, bucket: string, name: string): Promise<Answer> {
  await visible(asked, bucket, name);
  const { expiresIn } = JSON.parse(asked.body.toString()) as { expiresIn: number };
  const token = await new SignJWT({ url: `${bucket}/${name}` })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(`${String(expiresIn)}s`)
    .sign(key);
  return [200, { signedURL: `/object/sign/${bucket}/${name}?token=${token}` }];
}

async function signed(asked: Asked, bucket: string, name: string): Promise<Answer> {
  const { url } = await verified(asked.url.searchParams.get('token') ?? '');
  if (url !== `${bucket}/${name}`)
    throw new Refused('400', 'InvalidSignature', 'Invalid signature');
  return read(bucket, name);
}

async function smaller(asked: Asked, bucket: string, name: string): Promise<Answer> {
  await visible(asked, bucket, name);
  const source = encodeURIComponent(presigned(access, placeOf(bucket, name)));
  const width = asked.url.searchParams.get('width') ?? '0';
  const answer = await fetch(
    `${demand('IMGPROXY_URL')}/public/resize:fill:${width}/plain/${source}`,
  );
  const options = answer.headers.get('x-stand-in-options') ?? '';
  const bytes = Buffer.from(await answer.arrayBuffer());
  return [answer.status, bytes, { 'content-type': 'image/webp', 'x-stand-in-options': options }];
}

async function list(asked: Asked, bucket: string): Promise<Answer> {
  const { rows } = await asCaller(asked, (client) =>
    client.query('select id, name from storage.objects where bucket_id = $1', [bucket]),
  );
  return [200, rows];
}

async function remove(asked: Asked, bucket: string): Promise<Answer> {
  const { prefixes } = JSON.parse(asked.body.toString()) as { prefixes: string[] };
  const { rows } = await asCaller(asked, (client) =>
    client.query<{ name: string }>(
      'delete from storage.objects where bucket_id = $1 and name = any ($2) returning id, name',
      [bucket, prefixes],
    ),
  );
  for (const { name } of rows) {
    await store.send(new DeleteObjectCommand({ Bucket: bucketName, Key: placeOf(bucket, name) }));
  }
  return [200, rows];
}

async function makeBucket(asked: Asked): Promise<Answer> {
  const {
    id,
    name,
    public: open = false,
  } = JSON.parse(asked.body.toString()) as Record<string, unknown>;
  await asCaller(asked, (client) =>
    client.query('insert into storage.buckets (id, name, public) values ($1, $2, $3)', [
      id,
      name ?? id,
      open,
    ]),
  );
  return [200, { name: id }];
}

async function buckets(asked: Asked): Promise<Answer> {
  const { rows } = await asCaller(asked, (client) =>
    client.query('select id, name, public from storage.buckets'),
  );
  return [200, rows];
}

type Work = (asked: Asked, bucket: string, name: string) => Promise<Answer>;

const routes: readonly (readonly [method: string, path: RegExp, work: Work])[] = [
  ['POST', /^\/bucket$/, makeBucket],
  ['GET', /^\/bucket$/, buckets],
  ['POST', /^\/object\/list\/([^/]+)$/, list],
  ['POST', /^\/object\/sign\/([^/]+)\/(.+)$/, sign],
  ['GET', /^\/object\/sign\/([^/]+)\/(.+)$/, signed],
  ['GET', /^\/object\/public\/([^/]+)\/(.+)$/, shown],
  ['GET', /^\/render\/image\/authenticated\/([^/]+)\/(.+)$/, smaller],
  ['POST', /^\/object\/([^/]+)\/(.+)$/, upload],
  ['DELETE', /^\/object\/([^/]+)$/, remove],
  [
    'GET',
    /^\/object\/(?:authenticated\/)?([^/]+)\/(.+)$/,
    async (asked, bucket, name) => {
      await visible(asked, bucket, name);
      return read(bucket, name);
    },
  ],
];

async function answer(asked: Asked): Promise<Answer> {
  const path = decodeURIComponent(asked.url.pathname);
  if (path === '/status') return [200, ''];
  try {
    for (const [method, pattern, work] of routes) {
      const [match, bucket = '', name = ''] = pattern.exec(path) ?? [];
      if (match !== undefined && method === asked.method) return await work(asked, bucket, name);
    }
    return [404, { statusCode: '404', error: 'not_found', message: `Route ${path} not found` }];
  } catch (error) {
    if (error instanceof Refused) {
      const { statusCode, error: code, message } = error;
      return [400, { statusCode, error: code, message }];
    }
    if ((error as { code?: string }).code === '42501') {
      return [400, { statusCode: '403', error: 'Unauthorized', message: (error as Error).message }];
    }
    throw error;
  }
}

async function main(): Promise<void> {
  if (demand('DB_INSTALL_ROLES') !== 'false') fail('it may not make roles');
  await withClient(database, async (client) => {
    const { rows } = await client.query(`select to_regclass('storage.buckets') as there`);
    if ((rows[0] as { there: string | null }).there !== null) return;
    for (const statement of storageTables) await client.query(statement);
  });
  serve(Number(demand('SERVER_PORT')), answer);
  serve(Number(demand('SERVER_ADMIN_PORT')), ({ url }) =>
    url.pathname === '/metrics'
      ? [200, 'storage_api_up 1\n', { 'content-type': 'text/plain' }]
      : [404, ''],
  );
}

main().catch((error: unknown) => fail(String(error)));
