import { worker } from '../../components/services/images/functions/api';

interface Mention {
  readonly name: string;
  readonly note: string;
}

/** Where a mail would be sent: says who is mentioned in which project. */
export default worker<Mention>('mentions', async ({ data }, { db, log }) => {
  const [note] = await db.query<{ project: string }>(
    `select p.name as project from notes n
     join projects p on p.tenant_id = n.tenant_id and p.id = n.project_id where n.id = $1`,
    [data.note],
  );
  if (note) log.info('mentioned', { name: data.name, project: note.project });
});
