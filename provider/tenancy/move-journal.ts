import type { Client } from 'pg';
import { placeOf, type Model, type Place } from '../../components/tenancy/places';
import { UserError } from '../../engine/errors';
import type { Clusters } from './clusters';
import { enterDone } from './fan-out-ledger';
import type { Applied } from './bring-up';
import type { Platform } from './provision';
import { inRegistry } from './registry';
import { placeOfTenant, type Tenant } from './tenant';

/** A move that is not over. */
export interface Move {
  readonly tenantId: string;
  readonly from: Place;
  readonly to: Place;
  /** copying: its rows are where they were. switched: they are there, and the old ones not gone yet. */
  readonly step: 'copying' | 'switched';
  readonly switchedAt: Date | null;
}

/** The move of a tenant that was begun and is not over. */
export function findMove(clusters: Clusters, tenantId: string): Promise<Move | undefined> {
  return inRegistry(clusters, async (client) => {
    // Locked: a switch whose answer was lost may be about to be kept.
    const { rows } = await client.query<Row>(
      `select from_model, from_shard, to_model, to_shard, step, switched_at from registry.moves
       where tenant_id = $1 for update`,
      [tenantId],
    );
    const [row] = rows;
    return row && moveOf(tenantId, row);
  });
}

/** Throws one sentence while a move of the tenant is not over. */
export async function refuseMove(
  { clusters }: Pick<Platform, 'clusters'>,
  { id, slug }: Tenant,
): Promise<void> {
  const move = await findMove(clusters, id);
  if (!move) return;
  throw new UserError(
    `${slug} is being moved: finish that first (npm run tenants -- move ${slug} --model ${move.to.model} --shard ${move.to.shard})`,
  );
}

/** Enters that a tenant is being moved. */
export async function beginMove(clusters: Clusters, tenant: Tenant, to: Place): Promise<Move> {
  const from = placeOfTenant(tenant);
  await inRegistry(clusters, (client) =>
    client.query(
      'insert into registry.moves (tenant_id, from_model, from_shard, to_model, to_shard) values ($1, $2, $3, $4, $5)',
      [tenant.id, from.model, from.shard, to.model, to.shard],
    ),
  );
  return { tenantId: tenant.id, from, to, step: 'copying', switchedAt: null };
}

/** From here on the registry sends everybody to the new place. `applied` is what the ledger of that place has. */
export async function enterSwitch(
  clusters: Clusters,
  tenant: Tenant,
  { to }: Move,
  own: { readonly applied: readonly Applied[]; readonly version: string } | undefined,
): Promise<void> {
  await inRegistry(clusters, async (client) => {
    await stepOn(client, tenant.id);
    await client.query(
      'update registry.tenants set model = $2, shard = $3, schema_version = null where id = $1',
      [tenant.id, to.model, to.shard],
    );
    await client.query('delete from registry.tenant_migrations where tenant_id = $1', [tenant.id]);
    if (own) {
      const there = { ...tenant, model: to.model, shard: to.shard };
      await enterDone(client, there, own.applied, own.version);
    }
  });
}

export async function endMove(clusters: Clusters, tenantId: string): Promise<void> {
  await inRegistry(clusters, (client) =>
    client.query('delete from registry.moves where tenant_id = $1', [tenantId]),
  );
}

async function stepOn(client: Client, tenantId: string): Promise<void> {
  const { rowCount } = await client.query(
    `update registry.moves set step = 'switched', switched_at = clock_timestamp()
     where tenant_id = $1 and step = 'copying'`,
    [tenantId],
  );
  if (rowCount !== 1) throw new Error('the journal of this move is gone: somebody else ended it');
}

interface Row {
  readonly from_model: Model;
  readonly from_shard: string;
  readonly to_model: Model;
  readonly to_shard: string;
  readonly step: Move['step'];
  readonly switched_at: Date | null;
}

function moveOf(tenantId: string, row: Row): Move {
  return {
    tenantId,
    from: placeOf(tenantId, row.from_model, row.from_shard),
    to: placeOf(tenantId, row.to_model, row.to_shard),
    step: row.step,
    switchedAt: row.switched_at,
  };
}
