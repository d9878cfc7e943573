import { describe, expect, test } from 'vitest';
import { choiceProblems } from '../../components/services/choice';
import { settingsOf } from '../support/platform';

const members = { ann: 'admin' };
const shards = { east: { host: 'db.example.org', url: 'east' } };
const tenants = {
  acme: { members },
  initech: { members, model: 'schema' },
  hooli: { members, model: 'database' },
  stark: { members, shard: 'east' },
};
const only = (...names: readonly string[]): Record<string, unknown> => ({
  target: 'docker',
  services: {
    graphql: { enabled: false },
    ...Object.fromEntries(names.map((name) => [name, { enabled: true }])),
  },
});
const of = (config: Record<string, unknown>): string[] =>
  choiceProblems(settingsOf(config)).map(({ key, reason, received }) =>
    [key, reason, received].join(' '),
  );

describe('tenants with tables of their own', () => {
  const tenancy = { tenants, shards };

  test.each(['hasura', 'postgrest'])('are refused where %s is the only API', (api) => {
    expect(choiceProblems(settingsOf({ ...only(api), tenancy }))[0]).toEqual({
      key: 'strata:tenancy.tenants.initech',
      reason: `is a tenant whose tables ${api} cannot serve`,
      received: 'model schema on shard main',
      allowed: 'model shared on shard main',
      advice:
        'Add "strata:services.graphql.enabled: true", which serves every model, or give the tenant that place.',
    });
    expect(of({ ...only(api), tenancy })).toEqual([
      `strata:tenancy.tenants.initech is a tenant whose tables ${api} cannot serve model schema on shard main`,
      `strata:tenancy.tenants.hooli is a tenant whose tables ${api} cannot serve model database on shard main`,
      `strata:tenancy.tenants.stark is a tenant whose tables ${api} cannot serve model shared on shard east`,
    ]);
  });

  test('are named with both, and with the model that all have', () => {
    const all = { model: 'schema', tenants: { acme: { members } } };
    expect(of({ ...only('hasura', 'postgrest'), tenancy: all })).toEqual([
      'strata:tenancy.tenants.acme is a tenant whose tables hasura and postgrest cannot serve model schema on shard main',
    ]);
  });

  test.each([
    ['beside the API that serves every model', { ...only('hasura', 'postgrest', 'graphql') }],
    ['without any API', only()],
  ])('are not refused %s', (_what, config) => {
    expect(of({ ...config, tenancy })).toEqual([]);
  });
});

test('replicas that Postgres keeps no connections for are refused, with how many there may be', () => {
  const realtime = (replicas: number): object => ({
    target: 'docker',
    services: { realtime: { enabled: true, replicas } },
  });
  expect(choiceProblems(settingsOf({ ...realtime(3) }))).toEqual([]);
  expect(choiceProblems(settingsOf({ ...realtime(4) }))).toEqual([
    expect.objectContaining({
      key: 'strata:services.realtime.replicas',
      received: '4',
      allowed: '1 to 3',
    }),
  ]);
});
