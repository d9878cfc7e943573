import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { readRules } from '../../components/services/images/storage/rules';
import { garage } from '../../components/services/storage/garage';
import { clamav, clamdConfiguration } from '../../components/services/storage/scanner';
import { storage as service } from '../../components/services/storage/service';
import { parseSettings } from '../../components/settings/read';
import { bytesOf } from '../../components/settings/sizes';
import { storage } from '../../components/settings/storage';

const settings = (given: unknown = {}) => ({
  ...parseSettings({}),
  domain: 'example.org',
  storage: storage.parse(given),
});

const external = {
  store: 's3',
  s3: { bucket: 'our-files', accessKey: 's3-id', secretKey: 's3-key', region: 'eu-central-1' },
};

/** On AWS, in a bucket that the target makes. */
const onAws = (given: unknown = {}) => ({ ...settings(given), target: 'aws' as const });

/** What is wrong with settings, as `path: reason`. */
function problems(given: unknown): string[] {
  const { error } = storage.safeParse(given);
  return (error?.issues ?? []).map((issue) => {
    const params = 'params' in issue ? (issue.params as { reason?: string }) : undefined;
    return `${issue.path.join('.')}: ${params?.reason ?? issue.message}`;
  });
}

describe('settings of storage', () => {
  test('have a default for everything', () => {
    expect(storage.parse({})).toMatchObject({
      store: 'garage',
      maxFileSize: '100M',
      tenantQuota: { size: '10G', files: 100_000 },
      userQuota: { size: '2G', files: 20_000 },
      scan: 'none',
    });
    expect([bytesOf('1K'), bytesOf('100M'), bytesOf('2G')]).toEqual([
      1024, 104_857_600, 2_147_483_648,
    ]);
  });

  test.each([
    [{ store: 's3' }, ['s3: is missing, but "store" is s3']],
    [{ ...external, store: 'garage' }, ['s3: is given, but "store" is garage']],
    [
      { scan: 'clamav', maxFileSize: '2G' },
      ['maxFileSize: is more than 2047M, which is as much of a file as ClamAV searches'],
    ],
    [{ maxFileSize: '6G' }, ['maxFileSize: is more than 5G, which a store takes in one piece']],
    [{ maxFileSize: '100' }, ['maxFileSize: a size in K, M or G, such as 100M or 2G']],
    [{ mimeTypes: [] }, ['mimeTypes: at least one type; */* takes every file']],
    [
      { mimeTypes: ['image/png\n'] },
      ['mimeTypes.0: a type such as image/png, or image/* for all of a kind, in lower case'],
    ],
    [
      { tenantQuota: { files: 0 } },
      ['tenantQuota.files: a whole number from 1 to 1000000000, without quotes'],
    ],
  ])('are refused: %j', (given, said) => {
    expect(problems(given)).toEqual(said);
  });

  test('do not show a secret that stands in the place of its name', () => {
    const pasted = 'AKIA/very+secret=';
    const said = problems({ ...external, s3: { ...external.s3, secretKey: pasted } });
    expect(said).toEqual(['s3.secretKey: is not valid (not shown: it may be a secret)']);
  });
});

describe('the storage service', () => {
  test('is told what its program reads', () => {
    const { environment } = service(settings());
    expect(readRules(environment.STORAGE_RULES ?? '')).toMatchObject({
      publicUrl: 'https://example.org',
      cdnUrl: 'https://cdn.example.org',
      limits: { fileBytes: 104_857_600, tenantBytes: 10_737_418_240 },
      store: { kind: 'garage', endpoint: 'http://object-store:3900' },
    });
    expect(readRules(service(settings(external)).environment.STORAGE_RULES ?? '').store).toEqual({
      kind: 's3',
      region: 'eu-central-1',
      bucket: 'our-files',
      pathStyle: false,
    });
    const made = readRules(service(onAws()).environment.STORAGE_RULES ?? '').store;
    expect(made).toEqual({ kind: 's3', region: 'eu-central-1', pathStyle: false });
  });

  test('has the secrets of the store that it uses, and no other', () => {
    const common = {
      DATABASE_URL: { database: 'strata_authenticator' },
      JWT_KEY: { platform: 'jwt-key' },
      STORAGE_MASTER: { platform: 'storage-master' },
    };
    expect(service(settings()).secrets).toEqual({
      ...common,
      STORAGE_ADMIN: { platform: 'storage-admin' },
    });
    expect(service(settings(external)).secrets).toEqual({
      ...common,
      S3_ACCESS_KEY: { config: 's3-id' },
      S3_SECRET_KEY: { config: 's3-key' },
    });
    expect(service(onAws()).secrets).toEqual({
      ...common,
      S3_BUCKET: { bucket: 'storage', part: 'name' },
      S3_ACCESS_KEY: { bucket: 'storage', part: 'keyId' },
      S3_SECRET_KEY: { bucket: 'storage', part: 'key' },
    });
    expect(service(onAws(external)).secrets).toEqual(service(settings(external)).secrets);
    expect(service(settings()).needs).toEqual(['database', 'object-store']);
    expect(service(settings(external)).needs).toEqual(['database']);
    expect(service(onAws()).needs).toEqual(['database']);
    const onVolume = { ...onAws(), aws: { ...settings().aws, storage: 'vm' as const } };
    expect(service(onVolume)).toEqual(service(settings()));
  });

  test('shows files at the gateway, and never its figures or its health', () => {
    const { routes } = service(settings());
    expect(
      Object.fromEntries(
        Object.entries(routes).map(([name, { access, path, upstreamPath, subdomain }]) => [
          name,
          [subdomain ?? '', path, upstreamPath ?? path, access],
        ]),
      ),
    ).toEqual({
      storage: ['', '/storage/', '/storage/', 'token'],
      'storage-signed': ['', '/storage/signed/', '/storage/signed/', 'public'],
      cdn: ['cdn', '/', '/cdn/', 'public'],
    });
    const upstream = Object.values(routes).map(({ path, upstreamPath }) => upstreamPath ?? path);
    for (const own of ['/metrics', '/healthz']) {
      expect(upstream.filter((path) => own.startsWith(path))).toEqual([]);
    }
  });
});

describe('the scanner', () => {
  const scanning = settings({ scan: 'clamav', maxFileSize: '300M' });

  test('is what the storage service is told to ask, where it is asked for', () => {
    const told = (given: unknown) =>
      readRules(service(settings(given)).environment.STORAGE_RULES ?? '').scanner;
    expect(told({ scan: 'clamav' })).toEqual({ host: 'clamav', port: 3310, seconds: 240 });
    expect(told({})).toBeUndefined();
    expect(service(scanning).needs).toEqual(['database', 'object-store']);
  });

  test('can be reached by nobody outside, and writes to its volume alone', () => {
    expect(clamav(scanning)).toMatchObject({
      name: 'clamav',
      port: 3310,
      user: '100:101',
      volumes: { '/var/lib/clamav': 'signatures' },
      healthCommand: ['clamdcheck.sh'],
      routes: {},
      secrets: {},
    });
    expect(clamav(scanning)).not.toHaveProperty('published');
    expect(clamav(scanning)).not.toHaveProperty('writableRoot');
  });

  test('has no limit below what an upload may have: what exceeds it would be called clean', () => {
    const text = clamdConfiguration(bytesOf('300M'));
    const said = [...text.matchAll(/^(\w+(?:Length|Size)) (\d+)$/gm)];
    const limits = Object.fromEntries(said.map(([, name = '', value]) => [name, Number(value)]));
    expect(limits).toEqual({
      StreamMaxLength: bytesOf('300M'),
      MaxFileSize: bytesOf('600M'),
      PCREMaxFileSize: bytesOf('300M'),
      MaxScanSize: bytesOf('600M'),
    });
    expect(text).toContain('AlertExceedsMax yes');
    expect(clamdConfiguration(bytesOf('1M'))).toContain(`MaxFileSize ${bytesOf('400M')}`);
    expect(clamdConfiguration(bytesOf('2047M'))).toContain(`MaxFileSize ${bytesOf('2047M')}`);
  });

  test('is started by a script that a shell can read', () => {
    const script = clamav(scanning).files['start.sh'];
    expect(spawnSync('sh', ['-n'], { input: script as string }).status).toBe(0);
  });
});

describe('the object store', () => {
  test('publishes nothing, keeps its data in a volume, and runs as nobody in particular', () => {
    expect(garage(settings())).toMatchObject({
      name: 'object-store',
      user: '1000:1000',
      volumes: { '/data': 'storage' },
      routes: {},
      secrets: {
        GARAGE_RPC_SECRET: { platform: 'storage-rpc' },
        GARAGE_ADMIN_TOKEN: { platform: 'storage-admin' },
      },
    });
    expect(garage(settings())).not.toHaveProperty('published');
    expect(garage(settings())).not.toHaveProperty('writableRoot');
  });

  test('flushes what it acknowledges, and has no secret in its file', () => {
    const text = garage(settings()).files['garage.toml'];
    expect(text).toContain('metadata_fsync = true\ndata_fsync = true');
    expect(text).not.toMatch(/_secret|(?:admin|metrics)_token/);
  });
});
