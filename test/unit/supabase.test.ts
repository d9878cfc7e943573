import { createHmac } from 'node:crypto';
import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import { anonKey } from '../../components/services/anon-key';
import { choiceProblems } from '../../components/services/choice';
import type { Service, Workload } from '../../components/services/service';
import { imgproxy } from '../../components/services/supabase/imgproxy';
import { meta } from '../../components/services/supabase/meta';
import { supabaseStorage } from '../../components/services/supabase/storage-api';
import { studio } from '../../components/services/supabase/studio';
import { settingsOf } from '../support/platform';

const on = (...names: readonly string[]) =>
  settingsOf({
    target: 'docker',
    domain: 'example.org',
    services: Object.fromEntries(names.map((name) => [name, { enabled: true }])),
  });

const all = on('supabase-storage', 'imgproxy', 'meta', 'studio');

function named(services: readonly Service[], name: string): Workload {
  const found = services.find((each) => each.name === name);
  if (found?.kind !== 'workload') throw new Error(`no ${name}`);
  return found;
}

const storage = named(supabaseStorage(all), 'supabase-storage');

describe('the anon key', () => {
  const key = 'k'.repeat(64);

  test('is the same for the same key, of no tenant, and for nobody who takes access tokens', () => {
    expect(anonKey(key)).toBe(anonKey(key));
    expect(decodeJwt(anonKey(key))).toEqual({
      role: 'strata_anon',
      iss: 'strata',
      aud: 'strata-anon',
      exp: 4_102_444_800,
    });
  });

  test('is signed', () => {
    const [head, body, signature] = anonKey(key).split('.');
    expect(signature).toBe(
      createHmac('sha256', key)
        .update(`${String(head)}.${String(body)}`)
        .digest('base64url'),
    );
  });
});

/**
 * docker/docker-compose.yml of supabase/supabase at 1f37f2a9 (read 2026-11-22), by service: variables that are not as
 * there, and why. What is not named here and there is in both, with the same value or this platform's own.
 */
const differences: Readonly<Record<string, readonly [Workload, Readonly<Record<string, string>>]>> =
  {
    storage: [
      storage,
      {
        SERVICE_KEY: 'none: the service signs one for itself, as the owner of its tables',
        POSTGREST_URL: 'not read any more (src/config.ts)',
        FILE_STORAGE_BACKEND_PATH: 'files are in the object store',
        GLOBAL_S3_BUCKET: 'STORAGE_S3_BUCKET is its new name',
        S3_PROTOCOL_ACCESS_KEY_ID: 'clients of S3 have no token of a tenant',
        S3_PROTOCOL_ACCESS_KEY_SECRET: 'as above',
        REQUEST_ALLOW_X_FORWARDED_PATH: 'the gateway sends no such header; the public URL is set',
      },
    ],
    imgproxy: [
      imgproxy(all),
      { IMGPROXY_LOCAL_FILESYSTEM_ROOT: 'no file of this machine is an image' },
    ],
    meta: [meta(all), {}],
    studio: [
      studio(all),
      {
        AUTH_JWT_SECRET: 'it would sign what it likes',
        OPENAI_API_KEY: 'nothing leaves the platform',
        SUPABASE_PUBLISHABLE_KEY: 'keys of Supabase itself',
        SUPABASE_SECRET_KEY: 'as above',
        SNIPPETS_MANAGEMENT_FOLDER: 'it keeps nothing',
        EDGE_FUNCTIONS_MANAGEMENT_FOLDER: 'functions are deployed from the project',
      },
    ],
  };

test.each(Object.entries(differences))('%s leaves out what it says', (_name, [given, without]) => {
  const has = { ...given.environment, ...given.secrets };
  expect(Object.keys(without).filter((name) => name in has)).toEqual([]);
});

describe('the storage API', () => {
  test('acts as the roles of the platform, and makes none', () => {
    expect(storage.environment).toMatchObject({
      DB_INSTALL_ROLES: 'false',
      DB_ANON_ROLE: 'strata_anon',
      DB_AUTHENTICATED_ROLE: 'strata_tenant',
      DB_SERVICE_ROLE: 'vendor_supabase_storage',
      DB_SUPER_USER: 'vendor_supabase_storage',
      S3_PROTOCOL_ENABLED: 'false',
      EXPOSE_DOCS: 'false',
    });
  });

  test('has its own bucket and key in the platform’s store, or those that the settings name', () => {
    expect(supabaseStorage(all).map(({ name }) => name)).toEqual([
      'object-store',
      'supabase-storage-bucket',
      'supabase-storage',
      'supabase-storage-policies',
    ]);
    expect(storage.files).toEqual({
      // As the store knows it.
      AWS_ACCESS_KEY_ID: {
        template: 'GK{{ID}}',
        secrets: { ID: { platform: 'supabase-storage-key-id' } },
      },
    });
    expect(storage.secrets).toEqual({
      AWS_SECRET_ACCESS_KEY: { platform: 'supabase-storage-key' },
      DATABASE_URL: { vendor: 'supabase-storage' },
      AUTH_JWT_SECRET: { platform: 'jwt-key' },
      ANON_KEY: { anonKey: true },
    });
  });

  test('has the bucket that target aws makes, and no store beside it', () => {
    const made = supabaseStorage({ ...all, target: 'aws' });
    const service = named(made, 'supabase-storage');
    expect(made.map(({ name }) => name)).toEqual(['supabase-storage', 'supabase-storage-policies']);
    expect(service.environment).toMatchObject({
      STORAGE_S3_REGION: 'eu-central-1',
      STORAGE_S3_FORCE_PATH_STYLE: 'false',
    });
    expect(service.environment).not.toHaveProperty('STORAGE_S3_BUCKET');
    expect(service.environment).not.toHaveProperty('STORAGE_S3_ENDPOINT');
    expect([service.files, service.secrets]).toEqual([
      {},
      {
        STORAGE_S3_BUCKET: { bucket: 'storage', part: 'name' },
        AWS_ACCESS_KEY_ID: { bucket: 'storage', part: 'keyId' },
        AWS_SECRET_ACCESS_KEY: { bucket: 'storage', part: 'key' },
        DATABASE_URL: { vendor: 'supabase-storage' },
        AUTH_JWT_SECRET: { platform: 'jwt-key' },
        ANON_KEY: { anonKey: true },
      },
    ]);
    expect(service.command?.[0]).toContain('export STORAGE_S3_BUCKET');
  });

  test('is open without a token where a link is its own proof or the bucket is public, and nowhere else', () => {
    const open = Object.values(storage.routes).filter(({ access }) => access === 'public');
    expect(open.map(({ path, subdomain = '' }) => subdomain + path)).toEqual([
      '/storage/object/sign/',
      '/storage/object/upload/sign/',
      '/storage/render/image/sign/',
      '/storage/object/public/',
      'cdn/',
    ]);
  });

  test('has files of users behind each of its routes, and keeps answers of public buckets alone', () => {
    const routes = Object.values(storage.routes);
    expect(routes.filter(({ ofUsers }) => ofUsers !== true)).toEqual([]);
    expect(
      routes.flatMap(({ upstreamPath, cacheSeconds }) =>
        cacheSeconds === undefined ? [] : [upstreamPath],
      ),
    ).toEqual(['/object/public/']);
  });
});

test('what runs SQL or has no login is for operators, and what asks for no proof has no route', () => {
  expect(Object.values(meta(all).routes).map(({ access }) => access)).toEqual(['operator']);
  expect(Object.values(studio(all).routes)).toEqual([
    { path: '/', subdomain: 'studio', access: 'operator' },
  ]);
  expect(imgproxy(all).routes).toEqual({});
  expect(meta(all).environment.PG_META_DB_USER).toBe('strata_auditor');
});

test('services that need another, and two that do the same, are refused by name', () => {
  const said = (...names: readonly string[]): string[] =>
    choiceProblems(on(...names)).map(({ key, reason }) => `${key} ${reason}`);
  expect(said('supabase-storage', 'imgproxy', 'meta', 'studio', 'postgrest')).toEqual([]);
  expect(said('imgproxy')).toEqual([
    'strata:services.imgproxy needs supabase-storage, which this deployment does not have',
  ]);
  expect(said('studio')).toEqual([
    'strata:services.studio needs meta, which this deployment does not have',
  ]);
  expect(said('storage', 'supabase-storage')).toEqual([
    'strata:services.supabase-storage cannot be beside storage: both do the same',
  ]);
});
