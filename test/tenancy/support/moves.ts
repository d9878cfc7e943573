import { expect } from 'vitest';
import { models, placeOf, tenantRole, type Model } from '../../../components/tenancy/places';
import { moveTenant, type MoveOptions, type MoveReport } from '../../../provider/tenancy/move';
import { findTenant } from '../../../provider/tenancy/registry';
import { placeOfTenant } from '../../../provider/tenancy/tenant';
import type { World } from './population';
import type { Writers } from './writers';

/** How long the clients of these tests remember a place: less than the grace of a move. */
export const memoryMs = 300;
export const quick: MoveOptions = { graceMs: 800, lockMs: 500, patienceMs: 10_000 };
/** All there are. */
export const places = models.flatMap((model) =>
  ['main', 'east'].map((shard) => ({ model, shard })),
);

export function move(
  { platform }: World,
  slug: string,
  to: { model: Model; shard: string },
  options: MoveOptions = {},
): Promise<MoveReport> {
  return moveTenant(platform, slug, to, { ...quick, ...options });
}

/** A round trip over all 30 ordered pairs of the six places, from shared@main back to it: an Euler circuit. */
export function everyPair() {
  const left = new Map(places.map((from) => [from, places.filter((to) => to !== from)]));
  const walk = (at: (typeof places)[number]): (typeof places)[number][] => {
    const trail: (typeof places)[number][] = [];
    const open = left.get(at) ?? [];
    for (let to = open.shift(); to; to = open.shift()) trail.unshift(...walk(to));
    return [at, ...trail];
  };
  const [first] = places;
  if (!first) return [];
  const way = walk(first);
  return way.slice(1).map((to, index) => [way[index] ?? first, to] as const);
}

export async function expectExactly(writers: Writers, seed: number): Promise<void> {
  expect(writers.errors, `seed ${seed}`).toEqual([]);
  expect(writers.notes.size).toBeGreaterThan(0);
  expect(await writers.difference(), `seed ${seed}`).toEqual({ lost: [], foreign: [] });
}

/** No row, schema, database or role of the tenant but those of its place. */
export async function expectNothingElsewhere(
  { platform, servers }: World,
  slug: string,
): Promise<void> {
  const tenant = await findTenant(platform.clusters, slug);
  const there = placeOfTenant(tenant);
  for (const shard of ['main', 'east'] as const) {
    const admin = await servers[shard].connect('postgres', 'strata');
    const { database, schema } = {
      ...placeOf(tenant.id, 'database'),
      schema: placeOf(tenant.id, 'schema').schema,
    };
    const here = (model: Model) => there.shard === shard && there.model === model;
    const { rows } = await admin.query(
      `select exists (select from app.notes where tenant_id = $1) as shared,
         to_regnamespace($2) is not null as schema,
         exists (select from pg_database where datname = $3) as database,
         to_regrole($4) is not null as role,
         exists (select from registry.tenants where id = $1) as known,
         exists (select from strata.migrations where scope = $2) as applied`,
      [tenant.id, schema, database, tenantRole(tenant.id)],
    );
    expect({ shard, ...rows[0] }).toEqual({
      shard,
      shared: here('shared'),
      schema: here('schema'),
      database: here('database'),
      role: here('schema') || here('database'),
      known: shard === 'main' || here('shared') || here('schema'),
      applied: here('schema'),
    });
    await admin.end();
  }
}
