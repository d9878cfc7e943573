import { setTimeout as sleep } from 'node:timers/promises';
import { onEvent } from '../../../../../components/services/images/functions/api';

/** Leaves a draft for each note, once; a note may ask it to fail or to take its time. */
export default onEvent<{ body: string }>(
  { table: 'app.notes', operations: ['insert'] },
  async (event, { db, log, tenantId, userId, role, queue }) => {
    const body = event.new?.body ?? '';
    log.info('handling', { body, event: event.id, attempt: event.attempt });
    const fails = Number(/^fail (\d+)/.exec(body)?.[1] ?? 0);
    if (event.attempt <= fails) throw new Error(`attempt ${String(event.attempt)} fails`);
    await db.query('insert into drafts (title) values ($1) on conflict do nothing', [body]);
    await sleep(Number(/^wait (\d+)/.exec(body)?.[1] ?? 0));
    if (body.startsWith('enqueue')) await queue('work').add({ text: body });
    const [seen] = await db.query<{ tenant: string }>(
      'select tenancy.current_tenant_id() as tenant',
    );
    log.info('handled', {
      body,
      event: event.id,
      as: [tenantId, userId, role],
      sees: seen?.tenant,
    });
  },
);
