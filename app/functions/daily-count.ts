import { cron } from '../../components/services/images/functions/api';

/** Each morning at six (UTC): how many notes each tenant wrote the day before. */
export default cron('0 6 * * *', async ({ at }, { forEachTenant }) => {
  await forEachTenant(async ({ db, log }) => {
    const [day] = await db.query<{ notes: number }>(
      `select count(*)::int as notes from notes
       where created_at >= $1::timestamptz - interval '1 day' and created_at < $1`,
      [at],
    );
    log.info('notes of the day before', { notes: day?.notes });
  });
});
