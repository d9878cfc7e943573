import { publicHttp } from '../../../../../components/services/images/functions/api';

/** Says what it was handed. */
export default publicHttp(async (request, context) =>
  Response.json({
    given: Object.keys(context).sort(),
    method: request.method,
    body: await request.text(),
    secret: context.secret('GREETING'),
    others: [attempt(() => context.secret('JWT_KEY')), attempt(() => context.secret('PATH'))],
  }),
);

function attempt(read: () => string): string {
  try {
    return read();
  } catch (error) {
    return (error as Error).message;
  }
}
