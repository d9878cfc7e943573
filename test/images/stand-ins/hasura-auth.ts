import { type AuthUser, HasuraAuthStandIn } from '../../support/auth-stand-in';
import { send } from './shared/mail';
import { demand, fail, withClient } from './shared/program';

/**
 * A stand-in for nhost/auth as a container: its variables, port and health path. When it starts it makes a table in the
 * schema `auth` of its database and has Hasura track it in the source `default`, as upstream's does; where that fails it
 * ends. What it answers is of test/support/auth-stand-in.ts; accounts are in memory. A new account is sent a mail.
 */
const graphql = demand('HASURA_GRAPHQL_GRAPHQL_URL');
const database = demand('POSTGRES_CONNECTION');
if (!/^[0-9a-f]{64}$/.test(demand('AUTH_ENCRYPTION_KEY'))) fail('AUTH_ENCRYPTION_KEY is no key');
// It puts `?sslmode=disable` behind what does not have the word.
if (!database.includes('sslmode')) fail('the URL of the database does not say sslmode');

/** One command of Hasura's metadata API; what is tracked already is no error. */
async function metadata(type: string, args: unknown): Promise<void> {
  const answer = await fetch(graphql.replace('/v1/graphql', '/v1/metadata'), {
    method: 'POST',
    headers: { 'x-hasura-admin-secret': demand('HASURA_GRAPHQL_ADMIN_SECRET') },
    body: JSON.stringify({ type, args }),
  });
  const { code, error } = (await answer.json()) as { code?: string; error?: string };
  if (!answer.ok && code !== 'already-tracked') throw new Error(`${type}: ${String(error)}`);
}

async function mail({ id, email }: AuthUser): Promise<void> {
  const link = new URL(`${demand('AUTH_SERVER_URL')}/verify`);
  link.search = new URLSearchParams({
    ticket: id,
    type: 'emailVerify',
    redirectTo: demand('AUTH_CLIENT_URL'),
  }).toString();
  await send({
    host: demand('AUTH_SMTP_HOST'),
    port: Number(demand('AUTH_SMTP_PORT')),
    from: demand('AUTH_SMTP_SENDER'),
    to: email,
    subject: 'Verify your email',
    text: link.href,
  });
}

async function main(): Promise<void> {
  await withClient(database, (client) =>
    client.query(
      'create table if not exists auth.users (id uuid primary key, email public.citext)',
    ),
  );
  await metadata('pg_track_table', { source: 'default', table: { schema: 'auth', name: 'users' } });
  const { key, issuer } = JSON.parse(demand('HASURA_GRAPHQL_JWT_SECRET')) as Record<string, string>;
  if (key === undefined || issuer === undefined) fail('HASURA_GRAPHQL_JWT_SECRET lacks something');
  const auth = await HasuraAuthStandIn.start(
    { key, issuer, audience: '' },
    { host: '0.0.0.0', port: Number(demand('AUTH_PORT')) },
  );
  auth.instead = ({ path }) => (path === '/healthz' ? { status: 200, body: 'OK' } : undefined);
  auth.signedUp = async (user) => {
    await withClient(database, (client) =>
      client.query('insert into auth.users values ($1, $2)', [user.id, user.email]),
    );
    await mail(user);
  };
}

main().catch((error: unknown) => fail(String(error)));
