import { http } from '../../../../../components/services/images/functions/api';

/** Adds a job. */
export default http(async (request, { queue }) => {
  const { name, data } = (await request.json()) as { name: string; data: unknown };
  return Response.json({ id: await queue(name).add(data) });
});
