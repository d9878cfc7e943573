import { describe, expect, test } from 'vitest';
import type { Catalogue } from '../../provider/audit/catalogue';
import { registryFindings, settled, type RegisteredTenant } from '../../provider/audit/registry';

const tenant: RegisteredTenant = {
  id: '0c8d1c6e-9a52-4c44-8f0a-3b8e8f3d5a11',
  slug: 'acme',
  model: 'schema',
  status: 'active',
  shard: 'east',
  moving: false,
};
const name = `t_${tenant.id.replaceAll('-', '')}`;

/** A shard with the tenant's schema and role, or with neither. */
function shardWith(names: readonly string[]): Catalogue {
  const part = {
    database: 'strata',
    databases: [],
    schemas: names.map((schema) => ({ name: schema })),
    roles: names.map((schema) => ({ name: `strata_${schema}`, login: false })),
  };
  return part as unknown as Catalogue;
}

/** What is found between two looks at the registry. */
function found(
  before: readonly RegisteredTenant[],
  catalogue: Catalogue,
  after: readonly RegisteredTenant[],
): string[] {
  return registryFindings(catalogue, settled(before, after), 'east').map(
    ({ id, object }) => `${id} ${object}`,
  );
}

describe('a tenant of a shard, whose registry is read before and after the catalogue', () => {
  test('has no finding when it is made, opened, moved or deleted in between', () => {
    const begun = { ...tenant, status: 'provisioning' };
    const [there, away] = [shardWith([name]), shardWith([])];
    for (const catalogue of [there, away]) {
      expect(found([], catalogue, [tenant])).toEqual([]);
      expect(found([begun], catalogue, [tenant])).toEqual([]);
      expect(found([tenant], catalogue, [{ ...tenant, shard: 'main' }])).toEqual([]);
      expect(found([tenant], catalogue, [])).toEqual([]);
    }
  });

  test('is missed or left over when nothing happened to it', () => {
    expect(found([tenant], shardWith([name]), [tenant])).toEqual([]);
    expect(found([tenant], shardWith([]), [tenant])).toEqual([
      'place-absent tenant acme',
      'role-differs tenant acme',
    ]);
    expect(found([], shardWith([name]), [])).toEqual([
      `orphan schema ${name}`,
      `orphan role strata_${name}`,
    ]);
  });
});
