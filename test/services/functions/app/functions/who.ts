import { http } from '../../../../../components/services/images/functions/api';

/** Whom the database takes the caller for, and what it shows. */
export default http(async (request, { db, tenantId, userId, role }) => {
  const [seen] = await db.query(
    `select tenancy.current_tenant_id() as tenant, tenancy.current_user_id() as "user",
       tenancy.current_member_role() as role, (select count(*)::int from notes) as notes`,
  );
  const strata = [...request.headers.keys()].filter((name) => name.startsWith('x-strata'));
  return Response.json({ context: { tenantId, userId, role }, seen, strata });
});
