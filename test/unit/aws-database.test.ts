import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { settingsOf } from '../support/platform';
import { refusals } from '../../components/refusals';
import {
  declaredDatabases,
  hasManagedDatabase,
  isMovedDatabase,
} from '../../components/settings/aws-database';
import { serverSettings } from '../../components/services/database/configuration';
import { databaseAuthorities } from '../../components/targets/aws/database-authorities';
import { databaseIdentifier } from '../../components/targets/aws/database-names';
import { databaseParameters } from '../../components/targets/aws/database-parameters';

const good = { target: 'aws', domain: 'example.org', aws: { database: 'rds' } };

/** What is said against a config: key and reason of each problem. */
function against(config: Readonly<Record<string, unknown>>): string[] {
  return refusals(settingsOf({ ...good, ...config })).map(({ key, reason }) => `${key} ${reason}`);
}

const rds = (more: object): Record<string, unknown> => ({ aws: { database: 'rds', ...more } });

describe('a database of RDS', () => {
  test('is taken in tiers single and split', () => {
    for (const tier of ['single', 'split']) expect(against({ tier })).toEqual([]);
  });

  test('is taken with everything that would only work on a volume of ours left out', () => {
    const services = { monitoring: { enabled: true }, pgadmin: { enabled: true } };
    expect(against({ preset: 'standard', services })).toEqual([]);
  });

  test.each([
    ['aws.region is a region', rds({ region: 'xx-nowhere-1' })],
    ['aws.volumes.database is less', rds({ volumes: { database: 19 } })],
    ['aws.rds.storageLimit leaves', rds({ rds: { storageLimit: 54 } })],
    ['database.memory is more', { database: { memory: '8G' } }],
    ['services.meta cannot', { services: { meta: { enabled: true } } }],
    [
      'services.studio cannot',
      { services: { meta: { enabled: true }, studio: { enabled: true } } },
    ],
    ['database.backup.fullOn says nothing', { database: { backup: { fullOn: 'monday' } } }],
    ['database.backup.keepFull says nothing', { database: { backup: { keepFull: 9 } } }],
    ['services.backup.enabled asks', { services: { backup: { enabled: true } } }],
    [
      'images.override.postgres names',
      { images: { override: { postgres: 'registry.example.org/postgres:18' } } },
    ],
  ])('refuses what it would ignore or cannot have: %s', (said, config) => {
    expect(against(config).join('\n')).toContain(`strata:${said}`);
    const other = (aws: object) => ({
      ...config,
      aws: { ...(config as { aws?: object }).aws, ...aws },
    });
    const vm = other({ database: 'vm' });
    expect(against(vm).join('\n')).not.toContain(`strata:${said}`);
    for (const databaseMove of ['moved', 'settled']) {
      const moved = other({ database: 'rds', databaseMove });
      expect(against(moved).join('\n')).toContain(`strata:${said}`);
    }
    // As long as Postgres on a server is used, only what makes the next one impossible is in the way.
    const copying = against(other({ database: 'rds', databaseMove: 'copying' })).join('\n');
    if (/^(?:aws|database\.memory)/.test(said)) expect(copying).toContain(`strata:${said}`);
    else expect(copying).toBe('');
  });
});

test.each([
  ['vm', undefined, { used: 'server', volume: true, managed: undefined, moved: false }],
  ['rds', undefined, { used: 'rds', volume: false, managed: 1, moved: false }],
  ['rds', 'copying', { used: 'server', volume: true, managed: 2, moved: false }],
  ['rds', 'moved', { used: 'rds', volume: true, managed: 2, moved: true }],
  ['rds', 'settled', { used: 'rds', volume: false, managed: 2, moved: true }],
] as const)('database %s, databaseMove %s', (database, databaseMove, { used, moved, ...there }) => {
  const settings = settingsOf({
    ...good,
    aws: { database, ...(databaseMove && { databaseMove }) },
  });
  expect(hasManagedDatabase(settings)).toBe(used === 'rds');
  expect(isMovedDatabase(settings)).toBe(moved);
  expect({ managed: undefined, ...declaredDatabases(settings.aws) }).toEqual(there);
  const elsewhere = { ...settings, target: 'docker' } as const;
  expect([hasManagedDatabase(elsewhere), isMovedDatabase(elsewhere)]).toEqual([false, false]);
});

describe('whom clients of a database of RDS trust', () => {
  test('are the three authorities of its region that RDS uses today, and no others', () => {
    const pem = databaseAuthorities('eu-central-1').split(/(?=-----BEGIN)/);
    const subjects = pem.map((text) => new X509Certificate(text).subject.split('\n'));
    expect(subjects.map((lines) => lines.find((line) => line.startsWith('CN='))).sort()).toEqual([
      'CN=Amazon RDS eu-central-1 Root CA ECC384 G1',
      'CN=Amazon RDS eu-central-1 Root CA RSA2048 G1',
      'CN=Amazon RDS eu-central-1 Root CA RSA4096 G1',
    ]);
  });

  test('sign for ten years and more', () => {
    const inTenYears = Date.now() + 10 * 365 * 86_400_000;
    for (const text of databaseAuthorities('us-east-1').split(/(?=-----BEGIN)/)) {
      expect(Date.parse(new X509Certificate(text).validTo)).toBeGreaterThan(inTenYears);
    }
  });

  test('are nobody for a region that has none', () => {
    expect(databaseAuthorities('eu-central')).toBe('');
    expect(databaseAuthorities('.*')).toBe('');
  });
});

describe('the parameters of RDS', () => {
  const settings = settingsOf(good);
  const parameters = new Map(databaseParameters(settings).map((each) => [each.name, each]));
  const ours = serverSettings(settings.database, false);

  test('force TLS, and take what waits for a restart at the restart', () => {
    expect(parameters.get('rds.force_ssl')).toMatchObject({ value: '1' });
    expect(parameters.get('shared_buffers')?.applyMethod).toBe('pending-reboot');
    expect(parameters.get('work_mem')?.applyMethod).toBe('immediate');
  });

  test.each([
    ['shared_buffers', 8 * 1024],
    ['effective_cache_size', 8 * 1024],
    ['work_mem', 1024],
    ['maintenance_work_mem', 1024],
  ])('give %s as much as on a server of ours, in its unit', (name, bytes) => {
    const given = Number(parameters.get(name)?.value) * bytes;
    expect(`${given / 1024 ** 2}MB`).toBe(ours[name]);
  });

  test('keep people’s data out of the log', () => {
    expect(parameters.get('log_min_duration_statement')?.value).toBe('1000');
    expect(parameters.get('log_parameter_max_length')?.value).toBe('0');
    expect(parameters.get('log_min_error_statement')?.value).toBe('panic');
  });

  test('are plain numbers and words', () => {
    for (const { value } of parameters.values())
      expect(value).toMatch(/^(?:\d+(?:\.\d+)?|[A-Za-z][A-Za-z0-9_.,-]*)$/);
  });

  test('leave room for what AWS itself connects for', () => {
    expect(Number(parameters.get('max_connections')?.value)).toBeGreaterThan(
      Number(ours.max_connections),
    );
  });
});

test('the longest name that a replica may have is within 63 characters', () => {
  expect(`${databaseIdentifier(9)}-replica-15`.length).toBeLessThanOrEqual(63);
});
