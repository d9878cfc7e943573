import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audit, type AuditInputs } from '../../provider/tenancy/audit';
import { contextFor } from '../support/local';
import { auditWorld, type AuditWorld } from './support/audit-world';

let world: AuditWorld;
let inputs: AuditInputs;

beforeAll(async () => {
  world = await auditWorld();
  const url = world.server.url('strata_migrator', 'strata');
  inputs = {
    url,
    cluster: 'test',
    schema: '1',
    tables: [...(world.options.tables ?? [])],
    shared: [],
    shard: 'main',
    registry: url,
  };
});

afterAll(() => world.server.stop());

describe('the audit as a gate of a deployment', () => {
  test('lets a clean platform through and then has nothing to say', async () => {
    const { id, state } = await audit.create(inputs, contextFor('audit'));

    expect({ id, state }).toEqual({ id: 'audit', state: { ...inputs, live: [] } });
    expect(await audit.read(id, state, contextFor('audit'))).toEqual(state);
    expect(audit.diff(state, inputs)).toEqual({});
  });

  test('shows what was opened by hand as drift, and fails with each finding and its remedy', async () => {
    const { state } = await audit.create(inputs, contextFor('audit'));
    await world.admin.query('alter table app.notes no force row level security');
    await world.admin.query('grant truncate on app.projects to strata_tenant');
    try {
      const live = await audit.read('audit', state, contextFor('audit'));
      expect(live?.live).toHaveLength(2);
      expect(audit.diff(live ?? state, inputs)).toEqual({ live: 'update' });
      await expect(audit.update?.('audit', state, inputs, contextFor('audit'))).rejects.toThrow(
        /app\.notes: .* mended by: alter table app\.notes force row level security\n.*app\.projects: .* mended by: revoke truncate on app\.projects from strata_tenant/,
      );
    } finally {
      await world.admin.query('alter table app.notes force row level security');
      await world.admin.query('revoke truncate on app.projects from strata_tenant');
    }
  });

  test('refuses a table that nobody declared', async () => {
    const fewer = { ...inputs, tables: ['app.projects'] };
    await expect(audit.create(fewer, contextFor('audit'))).rejects.toThrow(
      /app\.notes: tenancy\.ts does not declare it/,
    );
  });

  test('looks again when the schema, the cluster or the declaration changes, and not for another URL or order', () => {
    const state = { ...inputs, live: [] };
    expect(audit.diff(state, { ...inputs, schema: '2' })).toEqual({ schema: 'update' });
    expect(audit.diff(state, { ...inputs, cluster: 'other' })).toEqual({ cluster: 'update' });
    expect(audit.diff(state, { ...inputs, shared: ['app.countries'] })).toEqual({
      shared: 'update',
    });
    expect(audit.diff(state, { ...inputs, url: 'postgresql://elsewhere/strata' })).toEqual({});
    expect(audit.diff(state, { ...inputs, tables: inputs.tables.toReversed() })).toEqual({});
  });

  test('an outage is no finding, and the recorded state stays', async () => {
    const away = { ...inputs, url: 'postgresql://strata_migrator@127.0.0.1:1/strata', live: [] };
    expect(await audit.read('audit', away, contextFor('audit'))).toEqual(away);
  });
});
