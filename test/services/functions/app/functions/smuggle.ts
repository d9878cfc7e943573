import { http } from '../../../../../components/services/images/functions/api';

/** As careless as a function can be: the caller's text becomes SQL. */
export default http(async (request, { db }) => {
  const { id } = (await request.json()) as { id: string };
  return Response.json(await db.query(`select name from projects where name = '${id}'`));
});
