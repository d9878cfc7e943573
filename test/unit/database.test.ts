import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { connections } from '../../components/services/database/connections';
import {
  renderConfiguration,
  serverSettings,
} from '../../components/services/database/configuration';
import { extensionStatements } from '../../components/services/database/extensions';
import { renderHba } from '../../components/services/database/hba';
import { majorProblem } from '../../components/services/database/major';
import {
  memoryProblems,
  planMemory,
  tenantProblems,
} from '../../components/services/database/memory';
import { pooler, renderPooler } from '../../components/services/database/pooler';
import { databaseServer } from '../../components/services/database/server';
import { pinned } from '../../components/services/images';
import { settingsSchema } from '../../components/settings/schema';
import { root } from '../../engine/root';

const settings = settingsSchema.parse({});
const defaults = settings.database;

describe('the memory of the database', () => {
  const memory = fc.integer({ min: 64, max: 1024 * 1024 });
  const clients = fc.integer({ min: 1, max: 5000 });

  test('is never more than there is, even when everybody uses all of theirs', () => {
    fc.assert(
      fc.property(memory, clients, (total, max) => {
        const plan = planMemory(total, max);
        if (!plan) return;
        // Counted anew from the settings alone, as an operator would.
        const worst =
          plan.sharedBuffers +
          plan.walBuffers +
          4 * plan.maintenanceWork +
          (max + 4) * (8 + 4 * plan.work);
        expect(worst).toBeLessThanOrEqual(plan.worst);
        expect(plan.worst).toBeLessThanOrEqual(total);
        expect(plan.work).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  test('grows in every share with the server', () => {
    fc.assert(
      fc.property(memory, memory, clients, (one, two, max) => {
        const less = planMemory(Math.min(one, two), max);
        const more = planMemory(Math.max(one, two), max);
        if (!less) return;
        expect(more).toBeDefined();
        for (const share of Object.keys(less) as (keyof typeof less)[]) {
          expect(more?.[share]).toBeGreaterThanOrEqual(less[share]);
        }
      }),
    );
  });

  test('gives each connection no more when there are more of them', () => {
    fc.assert(
      fc.property(memory, clients, clients, (total, one, two) => {
        const many = planMemory(total, Math.max(one, two));
        if (!many) return;
        expect(planMemory(total, Math.min(one, two))?.work).toBeGreaterThanOrEqual(many.work);
      }),
    );
  });

  test('of 4G with the default pools is shared out like this', () => {
    expect([connections(defaults), planMemory(4096, 89)]).toEqual([
      { pooled: 45, tenants: 0, direct: 41, optional: 0, total: 89 },
      {
        total: 4096,
        sharedBuffers: 1024,
        walBuffers: 16,
        effectiveCache: 3072,
        maintenanceWork: 128,
        work: 3,
        worst: 3822,
      },
    ]);
  });

  test('that cannot hold all pools is refused with the numbers, and the one named is enough', () => {
    const small = { ...defaults, memory: '1G' };
    expect(memoryProblems(small)).toEqual([
      {
        key: 'strata:database.memory',
        reason: 'cannot hold 89 connections (45 of the pools, 41 direct, 3 reserved)',
        received: '1G',
        allowed: 'at least 2176M for these pools',
        advice: 'Give it more memory, or make strata:database.pools smaller.',
      },
    ]);
    expect(memoryProblems({ ...small, memory: '2176M' })).toEqual([]);
    expect(memoryProblems({ ...small, memory: '2112M' })).toHaveLength(1);
  });

  test('that cannot hold the pools of tenants besides is refused with the numbers', () => {
    const many = { ...defaults, tenants: { most: 20, connections: 10 } };
    expect([connections(many), memoryProblems(many)]).toEqual([
      { pooled: 45, tenants: 200, direct: 41, optional: 0, total: 289 },
      [
        {
          key: 'strata:database.memory',
          reason:
            'cannot hold 289 connections (45 of the pools, 200 of 20 tenants with 10 each, 41 direct, 3 reserved)',
          received: '4G',
          allowed: 'at least 6784M for these pools',
          advice:
            'Give it more memory, or make strata:database.pools or strata:database.tenants smaller.',
        },
      ],
    ]);
    expect(memoryProblems({ ...many, memory: '6784M' })).toEqual([]);
  });

  test('more declared tenants with a database of their own than are planned for are refused, shard by shard', () => {
    const planned = { ...defaults, tenants: { most: 2, connections: 10 } };
    const declared = new Map([
      ['main', 2],
      ['eu', 3],
    ]);
    expect(tenantProblems(planned, declared)).toEqual([
      {
        key: 'strata:database.tenants.most',
        reason: 'plans for 2 tenants of model database (20 connections), and shard eu has 3 (30)',
        received: '2',
        allowed: 'at least 3',
        advice: 'Raise it, give tenants another model, or put some on another shard.',
      },
    ]);
  });
});

describe('what the database is started with', () => {
  test('its settings say what the plan says', () => {
    expect(serverSettings(defaults)).toMatchObject({
      max_connections: '89',
      shared_buffers: '1024MB',
      work_mem: '3MB',
      shared_preload_libraries: 'pg_stat_statements',
      ssl: 'on',
      archive_mode: 'on',
    });
  });

  test('where nobody takes its log, it keeps none', () => {
    const server = databaseServer(settings, 'none');
    expect([
      serverSettings(defaults, false).archive_mode,
      Object.keys(server.files).sort(),
      Object.keys(server.environment).sort(),
    ]).toEqual([undefined, ['pg_hba.conf', 'postgresql.conf'], ['PGDATA']]);
  });

  test('a quotation mark in a value stays in it', () => {
    expect(renderConfiguration({ archive_command: "cp '%p' x" })).toBe(
      "archive_command = 'cp ''%p'' x'\n",
    );
  });

  test('nobody is trusted, and without TLS nobody gets in', () => {
    const rules = renderHba()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(/ +/));
    expect(rules.map(([type, , user, ...rest]) => [type, user, rest.at(-1)])).toEqual([
      ['local', 'postgres', 'peer'],
      ['local', 'all', 'reject'],
      ['hostnossl', 'all', 'reject'],
      ...Array.from({ length: 4 }, () => ['hostssl', 'all', 'scram-sha-256']),
      ['host', 'all', 'reject'],
    ]);
  });

  test('the image is built, unless another is named, and starts from the catalogue’s', () => {
    const lab = settingsSchema.parse({ images: { override: { postgres: 'postgres:15' } } });
    const file = path.join(root, 'components/services/images/postgres/Dockerfile');
    expect([
      databaseServer(settings).build,
      databaseServer(lab).image,
      /^ARG BASE=(.*)$/m.exec(readFileSync(file, 'utf8'))?.[1],
    ]).toEqual([
      { context: 'components/services/images/postgres' },
      'postgres:15',
      pinned('postgres'),
    ]);
  });

  test('extensions come into a schema of their own', () => {
    const made = (config: Record<string, unknown>) =>
      extensionStatements(settingsSchema.parse(config)).flatMap((statement) =>
        statement.startsWith('do ') ? [] : [statement],
      );
    expect(made({})).toEqual([
      'create schema if not exists ext;',
      'grant usage on schema ext to public;',
      'create extension if not exists "pg_stat_statements" with schema ext;',
      'create extension if not exists "pgcrypto" with schema ext;',
    ]);
    const database = { extensions: ['postgis', 'citext'] };
    expect(made({ preset: 'standard', database }).slice(4)).toEqual(
      ['pg_trgm', 'unaccent', 'citext', 'postgis'].map(
        (name) => `create extension if not exists "${name}" with schema ext;`,
      ),
    );
  });

  test.each([
    [undefined, 18, []],
    [18, 18, []],
    [15, 18, ['is Postgres 18, but the data were written by Postgres 15']],
    [18, 15, ['is Postgres 15, but the data were written by Postgres 18']],
  ])('data of %s under an image of %s', (data, image, reasons) => {
    const problem = majorProblem(data, image);
    expect(problem ? [problem.reason] : []).toEqual(reasons);
  });
});

describe('the pooler', () => {
  test('gives every role its size, and has a password for nobody else', () => {
    const limits = [...renderPooler(defaults).matchAll(/^(\w+) = max_user_connections=(\d+)$/gm)];
    const list = pooler(settings).files['userlist.txt'];
    expect([limits.map(([, role, size]) => [role, size]), list]).toEqual([
      [
        ['strata_authenticator', '20'],
        ['strata_app', '10'],
        ['strata_hasura', '10'],
        ['strata_guard', '5'],
        ['strata_monitor', '1'],
      ],
      {
        template: [
          '"strata_authenticator" "{{STRATA_AUTHENTICATOR}}"',
          '"strata_app" "{{STRATA_APP}}"',
          '"strata_hasura" "{{STRATA_HASURA}}"',
          '"strata_guard" "{{STRATA_GUARD}}"',
          '"strata_monitor" "{{STRATA_MONITOR}}"',
          '"pooler_console" "{{POOLER_CONSOLE}}"\n',
        ].join('\n'),
        secrets: {
          STRATA_AUTHENTICATOR: { passwordOf: 'strata_authenticator' },
          STRATA_APP: { passwordOf: 'strata_app' },
          STRATA_HASURA: { passwordOf: 'strata_hasura' },
          STRATA_GUARD: { passwordOf: 'strata_guard' },
          STRATA_MONITOR: { passwordOf: 'strata_monitor' },
          POOLER_CONSOLE: { platform: 'pooler-console' },
        },
      },
    ]);
  });

  test('says nothing that only newer versions know', () => {
    expect(renderPooler(defaults)).not.toContain('max_prepared_statements');
  });
});
