import { http } from '../../components/services/images/functions/api';

/** `GET /functions/project-summary`: how many notes each project of the caller's tenant has. */
export default http(async (_request, { db }) => {
  const projects = await db.query<{ name: string; notes: number }>(
    `select p.name, count(n.id)::int as notes
     from projects p left join notes n on n.tenant_id = p.tenant_id and n.project_id = p.id
     group by p.name order by p.name`,
  );
  return Response.json({ projects });
});
