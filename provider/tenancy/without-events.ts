import type { Client } from 'pg';
import type { Place } from '../../components/tenancy/places';
import { hasOutbox } from './plan';

/** Events and changes that this transaction enters are taken out again; those of others, and older ones, stay. */
export async function withoutEvents(
  client: Client,
  tenantId: string,
  place: Place,
  work: () => Promise<void>,
): Promise<void> {
  if (!hasOutbox(place)) return work();
  const { rows } = await client.query<{ last: string }>(
    'select coalesce(max(position), 0)::text as last from outbox.events',
  );
  await work();
  await client.query(
    'delete from outbox.events where position > $1 and tenant_id = $2 and xmin = pg_current_xact_id()::xid',
    [rows[0]?.last, tenantId],
  );
  await client.query(
    'delete from realtime.changes where xid = pg_current_xact_id() and tenant_id = $1',
    [tenantId],
  );
}
