import type { Client } from 'pg';
import { z } from 'zod';
import type { Changes, Resource } from '../host/resource';
import { readLive, UnreachableError, withClient } from './connect';
import { scramVerifier } from './scram';

/**
 * The password of a login role that the platform's SQL has made.
 *
 * A password that the database no longer accepts, or a setting that the role has given itself, shows as drift and is
 * set right. Deleting the resource leaves the
 * role as it is: roles are part of the data.
 */
export interface LoginInputs {
  /** Secret: connects as the cluster's admin; a changed URL is no change of the login. */
  url: string;
  cluster: string;
  role: string;
  /** Secret. */
  password: string;
}

export interface LoginState extends LoginInputs {
  /** Whether the database let the role in with this password, as it was made. */
  accepted: boolean;
}

export const login: Resource<LoginInputs, LoginState> = {
  inputs: z.object({
    url: z.string(),
    cluster: z.string(),
    role: z.string().regex(/^[a-z_][a-z0-9_]*$/),
    password: z.string().min(16),
  }),
  computed: ['accepted'],
  volatile: ['accepted'],

  diff(state, inputs): Changes {
    if (state.cluster !== inputs.cluster) return { cluster: 'update' };
    if (state.role !== inputs.role) return { role: 'replace' };
    return state.password === inputs.password && state.accepted ? {} : { password: 'update' };
  },

  async create(inputs) {
    await setPassword(inputs);
    return { id: inputs.role, state: { ...inputs, accepted: true } };
  },

  read: (_id, state) =>
    readLive(state.url, state, async (client) => {
      const { rowCount } = await client.query('select from pg_roles where rolname = $1', [
        state.role,
      ]);
      if (!rowCount) return undefined;
      return {
        ...state,
        accepted: (await accepts(state)) && !(await hasSettings(client, state.role)),
      };
    }),

  async update(_id, _state, inputs) {
    await setPassword(inputs);
    return { ...inputs, accepted: true };
  },

  delete: () => Promise.resolve(),
};

/** A role may change settings of its own (read-only, search_path), and would keep them: none are kept. */
async function setPassword({ url, role, password }: LoginInputs): Promise<void> {
  await withClient(url, async (client) => {
    const name = client.escapeIdentifier(role);
    await client.query(`alter role ${name} reset all`);
    await client.query(`alter role ${name} in database ${await currentDatabase(client)} reset all`);
    await client.query(
      `alter role ${name} login password ${client.escapeLiteral(scramVerifier(password))}`,
    );
  });
}

/** Role → the most connections that it may have at the same time; `url` is the admin's. Those that are open stay. */
export async function limitConnections(
  url: string,
  limits: Readonly<Record<string, number>>,
): Promise<void> {
  await withClient(url, async (client) => {
    for (const [role, most] of Object.entries(limits)) {
      await client.query(
        `alter role ${client.escapeIdentifier(role)} connection limit ${String(most)}`,
      );
    }
  });
}

async function currentDatabase(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>('select current_database() as name');
  return client.escapeIdentifier(rows[0]?.name ?? '');
}

async function hasSettings(client: Client, role: string): Promise<boolean> {
  const { rowCount } = await client.query(
    'select from pg_db_role_setting where setrole = (select oid from pg_roles where rolname = $1)',
    [role],
  );
  return rowCount !== 0;
}

/** Whether the database of the URL lets the role in with this password; throws when it does not answer. */
export async function accepts({
  url,
  role,
  password,
}: Pick<LoginInputs, 'url' | 'role' | 'password'>): Promise<boolean> {
  const own = new URL(url);
  own.username = role;
  own.password = password;
  try {
    await withClient(own.href, (client) => client.query('select 1'));
    return true;
  } catch (error) {
    if (error instanceof UnreachableError && error.why === 'refused') return false;
    throw error;
  }
}
