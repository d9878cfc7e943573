import { readFileSync } from 'node:fs';
import { type AuthUser, GoTrueStandIn } from '../../support/auth-stand-in';
import { send } from './shared/mail';
import { demand, fail, serve, withClient } from './shared/program';

/**
 * A stand-in for supabase/gotrue as a container: `auth -c FILE`, its variables, port, health path, figures, and a table in
 * the schema `auth` of its database. What it answers is of test/support/auth-stand-in.ts; accounts are in memory. A new
 * account is sent a mail with the link that upstream's would have.
 */
const [flag, file = ''] = process.argv.slice(2);
if (flag !== '-c') fail(`the words are ${process.argv.slice(2).join(' ')}`);
const variables = Object.fromEntries(
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, name = '', value = ''] =
        /^(\w+)='(.*)'$/.exec(line) ?? fail('a line is no variable');
      return [name, value];
    }),
);
const told = (name: string): string => demand(name, variables);

async function mail({ id, email }: AuthUser): Promise<void> {
  const link = new URL(`${told('API_EXTERNAL_URL')}/verify`);
  link.search = new URLSearchParams({
    token: id,
    type: 'signup',
    redirect_to: told('GOTRUE_SITE_URL'),
  }).toString();
  await send({
    host: told('GOTRUE_SMTP_HOST'),
    port: Number(told('GOTRUE_SMTP_PORT')),
    from: told('GOTRUE_SMTP_ADMIN_EMAIL'),
    to: email,
    subject: 'Confirm Your Signup',
    text: link.href,
  });
}

async function main(): Promise<void> {
  const database = told('GOTRUE_DB_DATABASE_URL');
  if (new URL(database).searchParams.get('search_path') !== 'auth') fail('the schema is not named');
  await withClient(database, (client) =>
    client.query('create table if not exists auth.users (id uuid primary key, email text)'),
  );
  const issuer = {
    key: told('GOTRUE_JWT_SECRET'),
    issuer: told('GOTRUE_JWT_ISSUER'),
    audience: told('GOTRUE_JWT_AUD'),
  };
  const port = Number(told('GOTRUE_API_PORT'));
  const auth = await GoTrueStandIn.start(issuer, { host: told('GOTRUE_API_HOST'), port });
  auth.instead = ({ path }) =>
    path === '/health' ? { status: 200, body: { version: 'v0', name: 'GoTrue' } } : undefined;
  auth.signedUp = async (user) => {
    await withClient(database, (client) =>
      client.query('insert into auth.users values ($1, $2)', [user.id, user.email]),
    );
    await mail(user);
  };
  serve(Number(told('OTEL_EXPORTER_PROMETHEUS_PORT')), ({ url }) =>
    url.pathname === '/' ? [200, '# HELP up\n', { 'content-type': 'text/plain' }] : [404, ''],
  );
}

main().catch((error: unknown) => fail(String(error)));
