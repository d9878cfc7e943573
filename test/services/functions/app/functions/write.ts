import { http } from '../../../../../components/services/images/functions/api';

/** Writes a project; `then` says how it goes on. */
export default http(async (request, { db, log, signal }) => {
  const { name, then } = (await request.json()) as { name: string; then?: string };
  await db.query('insert into projects (name) values ($1)', [name]);
  if (then === 'throw') throw new Error('the password is hunter2');
  if (then === 'hang') {
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
    });
    await db.query('select 1').catch(() => {
      log.info('the transaction is over');
    });
  }
  if (then === 'swallow') await db.query('select 1 / 0').catch(() => undefined);
  if (then === 'nothing') return undefined as never;
  return new Response(null, { status: 204 });
});
