import { demand, serve } from './shared/program';

/**
 * A stand-in for supabase/studio as a container: the variables that it wants, port 3000, the path of its health, and one
 * page with the tables that postgres-meta tells of.
 */
for (const name of ['SUPABASE_ANON_KEY', 'SUPABASE_SERVICE_KEY', 'PG_META_CRYPTO_KEY'])
  demand(name);
demand('POSTGRES_PASSWORD');

serve(3000, async ({ url }) => {
  if (url.pathname === '/api/platform/profile') return [200, { id: 1 }];
  if (url.pathname !== '/') return [404, { message: 'not found' }];
  const answer = await fetch(`${demand('STUDIO_PG_META_URL')}/tables`);
  const tables = (await answer.json()) as { schema: string; name: string }[];
  const lines = tables.map(({ schema, name }) => `<li>${schema}.${name}</li>`);
  return [200, `<title>Studio</title><ul>${lines.join('')}</ul>`, { 'content-type': 'text/html' }];
});
