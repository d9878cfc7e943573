import { setTimeout as sleep } from 'node:timers/promises';
import { worker } from '../../../../../components/services/images/functions/api';

interface Work {
  readonly text: string;
  readonly fail?: boolean;
  /** Milliseconds, the first time. */
  readonly wait?: number;
}

/** Says as whom it runs, or fails. */
export default worker<Work>('work', async ({ id, data, attempt }, { db, log, userId, role }) => {
  if (data.fail) throw new Error('as it was told');
  log.info('working', { text: data.text });
  if (attempt === 1) await sleep(data.wait ?? 0);
  const [seen] = await db.query<{ tenant: string }>('select tenancy.current_tenant_id() as tenant');
  log.info('worked', { text: data.text, job: id, sees: seen?.tenant, as: [userId, role] });
});
