import { cron } from '../../../../../components/services/images/functions/api';

/** Says which tick it is, and what each tenant sees. */
export default cron('* * * * * *', async ({ at, id }, { log, forEachTenant }) => {
  const seen: unknown[] = [];
  await forEachTenant(async ({ db, tenantId, userId, role }) => {
    const [row] = await db.query<{ tenants: string[] }>(
      'select array_agg(distinct tenant_id) as tenants from notes',
    );
    seen.push({ tenantId, userId, role, tenants: row?.tenants });
  });
  log.info('tick', { at, tick: id, seen });
});
