import { auth } from '../../components/settings/auth';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { SettingsError } from '../../components/settings/errors';
import { aws } from '../../components/settings/aws';
import { database } from '../../components/settings/database';
import { examine } from '../../components/settings/examine';
import { missingFiles } from '../../components/settings/folders';
import { functions } from '../../components/settings/functions';
import { gateway } from '../../components/settings/gateway';
import { limits } from '../../components/settings/limits';
import { monitoringSchema } from '../../components/settings/monitoring';
import { parseSettings } from '../../components/settings/read';
import { storage } from '../../components/settings/storage';

/** A config as Pulumi hands it over: groups as JSON. */
function raw(config: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      `strata:${name}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}

function refusal(config: Record<string, unknown>, secretKeys?: string[]): SettingsError {
  try {
    parseSettings(raw(config), secretKeys);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error('the config was accepted');
}

const web = { command: ['node', 'server.js'] };
const members = { ann: 'admin' };

describe('a config that can be deployed', () => {
  test('that says nothing is the default', () => {
    expect(parseSettings({})).toEqual({
      tier: 'single',
      target: 'embedded',
      domain: 'localhost',
      app: './app',
      preset: 'minimal',
      services: {},
      customServices: {},
      tenancy: { model: 'shared', unknownTables: 'refuse', shards: {}, tenants: {} },
      ports: { database: 15432, graphql: 15678 },
      docker: { databasePort: 25432, hasuraPort: 25433 },
      aws: aws.parse({}),
      images: { override: {} },
      gateway: gateway.parse({}),
      database: database.parse({}),
      limits: limits.parse({}),
      redis: { memory: '512M' },
      storage: storage.parse({}),
      functions: functions.parse({}),
      hasura: { memory: '1G', allowList: false },
      oauth: { clients: {} },
      auth: auth.parse({}),
      hooks: { out: [] },
      monitoring: monitoringSchema.parse({}),
      secrets: [],
    });
  });

  test('that names one member of a group keeps the defaults of the others', () => {
    expect(parseSettings(raw({ ports: { graphql: 8080 } })).ports).toEqual({
      database: 15432,
      graphql: 8080,
    });
    expect(parseSettings(raw({ tenancy: { tenants: { acme: { members } } } })).tenancy).toEqual({
      model: 'shared',
      unknownTables: 'refuse',
      shards: {},
      tenants: { acme: { shard: 'main', limits: {}, members } },
    });
  });

  test('describes services of its own', () => {
    const given = { ...web, workdir: './web', port: 8081, env: { MODE: 'x' }, health: '/healthz' };
    const { customServices } = parseSettings(raw({ customServices: { web: given } }));
    expect(customServices.web).toMatchObject({ ...given, replicas: 1, job: false });
  });

  test('may hold keys of other namespaces, which are not ours to judge', () => {
    expect(parseSettings({ 'aws:region': 'nowhere', 'pulumi:tags': '{' }).tier).toBe('single');
  });
});

/** What is given, the key that is named, and what has to be said about it. */
const refused: [string, Record<string, unknown>, string, string][] = [
  ['an unknown tier', { tier: 'sinlge' }, 'tier', 'Did you mean "single"?'],
  ['an empty tier', { tier: '' }, 'tier', 'single, split or load-balanced'],
  ['an unknown key', { teir: 'single' }, 'teir', 'Did you mean strata:tier?'],
  ['a path as a key', { 'ports.graphql': '1' }, 'ports.graphql', '--path strata:ports.graphql'],
  ['a tier that is not built', { tier: 'split' }, 'tier', 'not built yet'],
  ['a target that is not built', { target: 'kubernetes' }, 'target', 'so far embedded'],
  ['a preset that is not built', { preset: 'supabase' }, 'preset', 'so far minimal'],
  [
    'a model that there is not',
    { tenancy: { model: 'schemas' } },
    'tenancy.model',
    'shared, schema or database',
  ],
  [
    'a tenant on a shard that there is not',
    { tenancy: { tenants: { acme: { shard: 'east', members } } } },
    'tenancy.tenants.acme.shard',
    'Use main, or add it there',
  ],
  [
    'a shard that is called as the platform’s own',
    { tenancy: { shards: { main: { host: 'db.test', url: 'x' } } } },
    'tenancy.shards.main',
    'that is the platform',
  ],
  [
    'a service that is not built',
    { services: { hasura: {} } },
    'services.hasura',
    'target embedded does not have yet',
  ],
  ['an unknown service', { services: { graphq: {} } }, 'services.graphq', 'services.graphql?'],
  ['text where a group belongs', { ports: 'abc' }, 'ports', 'database or graphql'],
  ['a list where a group belongs', { ports: [] }, 'ports', 'database or graphql'],
  ['nothing where a group belongs', { services: null }, 'services', 'received: nothing'],
  ['a port in quotes', { ports: { graphql: '1' } }, 'ports.graphql', 'without quotes'],
  ['a port below the range', { ports: { graphql: 0 } }, 'ports.graphql', '1 to 65535'],
  ['a port above the range', { ports: { graphql: 65536 } }, 'ports.graphql', '1 to 65535'],
  ['a part of a port', { ports: { graphql: 80.5 } }, 'ports.graphql', '1 to 65535'],
  ['a port that is too large to count', { ports: { graphql: 1e300 } }, 'ports.graphql', '1 to'],
  [
    'one port for two',
    { ports: { database: 5000, graphql: 5000 } },
    'ports.graphql',
    'is the port of strata:ports.database too',
  ],
  [
    'a port of Strata for a custom service',
    { customServices: { web: { ...web, port: 15678 } } },
    'customServices.web.port',
    'is the port of strata:ports.graphql too',
  ],
  [
    'a slug in capitals',
    { tenancy: { tenants: { Acme: { members } } } },
    'tenancy.tenants.Acme',
    'a-z',
  ],
  [
    'a slug that is too long',
    { tenancy: { tenants: { ['a'.repeat(41)]: { members } } } },
    `tenancy.tenants.${'a'.repeat(41)}`,
    'up to 39',
  ],
  [
    'a slug with a look-alike letter',
    { tenancy: { tenants: { аcme: { members } } } },
    'tenancy.tenants["аcme"]',
    'U+0430',
  ],
  ['a reserved slug', { tenancy: { tenants: { www: { members } } } }, 'tenancy.tenants.www', 'res'],
  ['a tenant of the wrong type', { tenancy: { tenants: { x: 1 } } }, 'tenancy.tenants.x', 'name'],
  [
    'a tenant without members',
    { tenancy: { tenants: { acme: {} } } },
    'tenancy.tenants.acme.members',
    'is missing',
  ],
  [
    'a tenant without an admin',
    { tenancy: { tenants: { acme: { members: { bob: 'member' } } } } },
    'tenancy.tenants.acme.members',
    'names no admin',
  ],
  [
    'an unknown role',
    { tenancy: { tenants: { acme: { members: { ann: 'admn' } } } } },
    'tenancy.tenants.acme.members.ann',
    'Did you mean "admin"?',
  ],
  [
    'a user name with a blank',
    { tenancy: { tenants: { acme: { members: { 'a b': 'admin' } } } } },
    'tenancy.tenants.acme.members["a b"]',
    'not a valid name',
  ],
  [
    'a tenant name with a line break',
    { tenancy: { tenants: { acme: { name: 'a\nb', members } } } },
    'tenancy.tenants.acme.name',
    String.raw`"a\nb"`,
  ],
  ['a URL as the domain', { domain: 'https://example.org' }, 'domain', 'without a scheme'],
  ['a domain with a look-alike', { domain: 'exаmple.org' }, 'domain', 'U+0430'],
  ['a domain that cannot be served', { domain: 'example.org' }, 'domain', 'this machine alone'],
  ['an empty app folder', { app: ' ' }, 'app', './app'],
  ['an app folder with NUL', { app: 'a\0b' }, 'app', String.raw`\u0000`],
  ['a command in one piece', { customServices: { x: { command: 'x' } } }, 'customServices.x.c', ''],
  ['an empty command', { customServices: { x: { command: [] } } }, 'customServices.x.c', 'program'],
  ['an empty program', { customServices: { x: { command: [''] } } }, 'customServices.x.c', 'prog'],
  [
    'a number in a command',
    { customServices: { x: { command: ['a', 1] } } },
    'customServices.x.command[1]',
    'put quotes',
  ],
  [
    'a number as a variable',
    { customServices: { x: { ...web, env: { A: 1.1 } } } },
    'customServices.x.env.A',
    'put quotes',
  ],
  [
    'a variable that no shell has',
    { customServices: { x: { ...web, env: { '1A': 'a' } } } },
    'customServices.x.env.1A',
    'letters, digits',
  ],
  [
    'the name of a service of Strata',
    { customServices: { graphql: web } },
    'customServices.graphql',
    'taken',
  ],
  ['the name of the database', { customServices: { database: web } }, 'customServices.dat', 'ta'],
  [
    'a health path without a port',
    { customServices: { x: { ...web, health: '/' } } },
    'customServices.x.health',
    'no port',
  ],
  [
    'a job with a port',
    { customServices: { x: { ...web, job: true, port: 1 } } },
    'customServices.x.port',
    'listens on no port',
  ],
  [
    'a job that runs thrice',
    { customServices: { x: { ...web, job: true, replicas: 3 } } },
    'customServices.x.replicas',
    'runs once',
  ],
  [
    'PORT beside port',
    { customServices: { x: { ...web, port: 1, env: { PORT: '2' } } } },
    'customServices.x.env.PORT',
    'already',
  ],
  [
    'an unknown member',
    { customServices: { x: { ...web, prot: 1 } } },
    'customServices.x.prot',
    'customServices.x.port?',
  ],
  ['no replicas', { services: { graphql: { replicas: 0 } } }, 'services.graphql.repl', '1 to 100'],
  ['yes for true', { services: { graphql: { enabled: 'yes' } } }, 'services.graphql.en', 'true or'],
  [
    'memory in words',
    { services: { graphql: { resources: { memory: 'lots' } } } },
    'services.graphql.resources.memory',
    '512M',
  ],
  [
    'an image with a blank',
    { services: { graphql: { image: 'a b' } } },
    'services.graphql.image',
    'nginx:1.30.4',
  ],
];

describe('a config that cannot be deployed', () => {
  test.each(refused)('is refused with key and reason: %s', (_what, config, key, said) => {
    const { message, problems } = refusal(config);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.key).toContain(`strata:${key}`);
    expect(message).toContain(said);
  });

  test('is refused for all its problems at once', () => {
    const { problems, message } = refusal({
      tier: 'sinlge',
      target: 'kubernetes',
      nonsense: '1',
      ports: { database: 'x', more: 1 },
      tenancy: { tenants: { Acme: { members: { ann: 'boss' } } } },
    });
    expect(problems.map(({ key }) => key).sort()).toEqual([
      'strata:nonsense',
      'strata:ports.database',
      'strata:ports.more',
      'strata:target',
      'strata:tenancy.tenants.Acme',
      'strata:tenancy.tenants.Acme.members.ann',
      'strata:tier',
    ]);
    expect(message).toMatch(/^7 settings are wrong; nothing was changed\./);
  });

  test.each(['__proto__', 'constructor', 'prototype'])('is refused for the key %s', (poison) => {
    const { problems } = refusal({ tenancy: `{"tenants":{"${poison}":{"members":{}}}}` });
    expect(problems[0]?.key).toBe(`strata:tenancy.tenants.${poison}`);
    expect(refusal({ [poison]: 'x' }).problems[0]?.reason).toBe('is not a known key');
    expect(({} as Record<string, unknown>).members).toBeUndefined();
  });

  test('is refused when it is nested without end', () => {
    const deep = '{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000);
    expect(refusal({ tenancy: deep }).problems[0]?.reason).toMatch(/nested too deeply|not a group/);
  });

  test('is refused when a value is huge, which is not repeated', () => {
    const huge = 'x'.repeat(2_000_000);
    for (const config of [{ app: huge }, { tier: huge }, { ports: huge }, { [huge]: 'x' }]) {
      expect(refusal(config).message.length).toBeLessThan(2_000);
    }
  });

  test('is refused when a setting is a secret, which is not shown', () => {
    const customServices = { web: { ...web, env: { KEY: 'hush' } } };
    const { message, problems } = refusal({ customServices }, ['strata:customServices']);
    expect(problems.map(({ key }) => key)).toEqual(['strata:customServices']);
    expect(message).not.toContain('hush');
  });

  test('is refused without showing what a variable or a command holds', () => {
    const env = { KEY: 'hush\0' };
    const { message } = refusal({ customServices: { web: { command: ['hush\0'], env } } });
    expect(message).toContain('strata:customServices.web.env.KEY');
    expect(message).toContain('strata:customServices.web.command[0]');
    expect(message).not.toContain('hush');
  });

  test('shows no more than a hundred problems', () => {
    const services = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`s${i}`, {}]));
    const { message, problems } = refusal({ services });
    expect(problems).toHaveLength(500);
    expect(message).toContain('… and 400 more.');
  });
});

describe('the folders that a config names', () => {
  function problems(config: Record<string, unknown>, fill: (folder: string) => void): string[] {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-settings-'));
    try {
      fill(folder);
      return missingFiles(examine(raw(config)), folder).map(
        ({ key, reason }) => `${key} ${reason}`,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test('may be anything that is there', () => {
    const made = problems(
      { app: 'mine', customServices: { x: { ...web, workdir: 'x' } } },
      (at) => {
        for (const name of ['mine', 'x']) mkdirSync(path.join(at, name));
        writeFileSync(path.join(at, 'mine', 'tenancy.ts'), '');
      },
    );
    expect(made).toEqual([]);
  });

  test('are refused when they are missing', () => {
    const config = { app: 'mine', customServices: { x: { ...web, workdir: 'x' } } };
    expect(problems(config, () => undefined)).toEqual([
      'strata:app names a folder that is not there',
      'strata:customServices.x.workdir names a folder that is not there',
    ]);
  });

  test('are refused when the application declares no tenancy', () => {
    const made = problems({}, (at) => mkdirSync(path.join(at, 'app')));
    expect(made).toEqual([
      'strata:app names a folder without tenancy.ts, the declaration of its tables',
    ]);
  });

  test('are, for an image, what it is built from: the folder and its Dockerfile', () => {
    const build = (context: string, dockerfile?: string) => ({ build: { context, dockerfile } });
    const customServices = {
      a: build('a'),
      b: build('b'),
      c: build('b', 'prod/Dockerfile'),
      d: build('nowhere', 'Dockerfile'),
    };
    const fill = (at: string) => {
      for (const name of ['app', 'a', 'b', 'b/prod']) mkdirSync(path.join(at, name));
      for (const name of ['app/tenancy.ts', 'a/Dockerfile', 'b/prod/Dockerfile'])
        writeFileSync(path.join(at, name), '');
    };
    expect(problems({ target: 'docker', customServices }, fill)).toEqual([
      'strata:customServices.b.build.dockerfile names a file that is not there',
      'strata:customServices.d.build.context names a folder that is not there',
    ]);
  });

  test('are not looked at when their setting is refused anyway', () => {
    expect(problems({ app: '' }, () => undefined)).toEqual([]);
  });
});
