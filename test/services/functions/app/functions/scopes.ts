import { http } from '../../../../../components/services/images/functions/api';

/** What the database knows of the caller's scopes. */
export default http(async (_request, { db }) => {
  const [seen] = await db.query(
    `select tenancy.session_claims() ? 'x-hasura-scopes' as limited,
       tenancy.session_claims() ->> 'x-hasura-scopes' as scopes`,
  );
  return Response.json(seen);
});
