import type { Client } from 'pg';
import { randomBytes } from 'node:crypto';
import { anonymised } from '../../../components/tenancy/anonymise';
import { tableFor } from '../../../components/tenancy/audience';
import { quoteName, quoteTable } from '../../../components/tenancy/identifiers';
import { byName } from '../../../components/tenancy/rules';
import { asMaintenance } from '../../database/connect';
import { placeUrl, registryUrl } from '../clusters';
import { deleteStrangers } from '../people';
import { hasOutbox } from '../plan';
import { synchronise, type Platform } from '../provision';
import { placeOfTenant, type Tenant } from '../tenant';

/**
 * Blanks what tells about a person in the rows that this person owns, and ends the membership: API keys go with it, and
 * rows and files of others' interest stay, owned by nobody. The audit log keeps the id, which names nobody any more.
 */
export async function eraseRows(platform: Platform, tenant: Tenant, userId: string): Promise<void> {
  const place = placeOfTenant(tenant);
  await asMaintenance(placeUrl(platform.clusters, place), async (client) => {
    const salt = randomBytes(32).toString('hex');
    for (const [name, { owner, personal = {} }] of byName(platform.plan.declaration.tables)) {
      if (owner === undefined || Object.keys(personal).length === 0) continue;
      const values = [...anonymised({ personal }, salt)].map(
        ([column, value]) => `${quoteName(column)} = ${value}`,
      );
      await client.query(
        `update ${quoteTable(tableFor(name, place))} set ${values.join(', ')}
         where tenant_id = $1 and ${quoteName(owner)} = $2`,
        [tenant.id, userId],
      );
      if (hasOutbox(place))
        await blankEvents(client, tenant.id, { relation: tableFor(name, place), owner, userId });
    }
  });
  await asMaintenance(registryUrl(platform.clusters), async (client) => {
    await client.query(
      "delete from storage.files where tenant_id = $1 and owner_id = $2 and visibility = 'private'",
      [tenant.id, userId],
    );
    await client.query('delete from registry.members where tenant_id = $1 and user_id = $2', [
      tenant.id,
      userId,
    ]);
    await deleteStrangers(client, [userId]);
  });
  await synchronise(platform.clusters, tenant);
}

/** An event without its rows says that they are to be read by their key. */
async function blankEvents(
  client: Client,
  tenantId: string,
  { relation, owner, userId }: { relation: string; owner: string; userId: string },
): Promise<void> {
  await client.query(
    `update outbox.events set old_row = null, new_row = null, oversized = true
     where tenant_id = $1 and relation = $2 and $4 in (old_row ->> $3, new_row ->> $3)`,
    [tenantId, relation, owner, userId],
  );
}
