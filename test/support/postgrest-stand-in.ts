import type { Client } from 'pg';

/** A request as PostgREST has understood it: what its token says, and what the client has chosen. */
export interface RestRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** The payload of the verified token. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

/**
 * A stand-in for PostgREST 14: the transaction that its documentation and source describe (docs/references/
 * transactions.rst at 0e7d507e, src/PostgREST/Query/PreQuery.hs at 16e16a14, read 2026-11-22), with a statement as the
 * test writes it in the place of the one that PostgREST would make of the path. `client` is logged in as
 * strata_authenticator.
 */
export async function restTransaction<Row extends object>(
  client: Client,
  { method, claims, headers = {}, path = '/notes' }: RestRequest,
  statement: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const { role } = claims;
  // Without a role for the anonymous it begins nothing: 401.
  if (typeof role !== 'string') throw new Error('PGRST302: anonymous access is disabled');
  await client.query(`begin isolation level read committed ${method === 'GET' ? 'read only' : ''}`);
  try {
    await client.query(
      `select set_config('search_path', $1, true), set_config('role', $2, true),
         set_config('request.jwt.claims', $3, true), set_config('request.method', $4, true),
         set_config('request.path', $5, true), set_config('request.headers', $6, true),
         set_config('request.cookies', '{}', true)`,
      ['"app"', role, JSON.stringify({ ...claims, role }), method, path, JSON.stringify(headers)],
    );
    const { rows } = await client.query<Row>(statement, [...values]);
    await client.query('commit');
    return rows;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}
