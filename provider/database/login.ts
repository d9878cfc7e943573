import { z } from 'zod';
import type { Changes, Resource } from '../host/resource';
import { readLive, UnreachableError, withClient } from './connect';
import { scramVerifier } from './scram';

/**
 * The password of a login role that the platform's SQL has made.
 *
 * A password that the database no longer accepts shows as drift and is set again. Deleting the resource leaves the
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
  /** Whether the database let the role in with this password. */
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
      return rowCount ? { ...state, accepted: await accepts(state) } : undefined;
    }),

  async update(_id, _state, inputs) {
    await setPassword(inputs);
    return { ...inputs, accepted: true };
  },

  delete: () => Promise.resolve(),
};

async function setPassword({ url, role, password }: LoginInputs): Promise<void> {
  await withClient(url, (client) =>
    client.query(
      `alter role ${client.escapeIdentifier(role)} login password ${client.escapeLiteral(scramVerifier(password))}`,
    ),
  );
}

async function accepts({ url, role, password }: LoginInputs): Promise<boolean> {
  const own = new URL(url);
  own.username = role;
  own.password = password;
  try {
    await withClient(own.href, (client) => client.query('select 1'));
    return true;
  } catch (error) {
    if (error instanceof UnreachableError && error.refused) return false;
    throw error;
  }
}
