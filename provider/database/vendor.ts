import { escapeIdentifier, escapeLiteral, type Client } from 'pg';
import { z } from 'zod';
import { UserError } from '../../engine/errors';
import type { Resource } from '../host/resource';
import { differences } from '../local/changes';
import { databaseAt } from '../tenancy/clusters';
import { readLive, withClient } from './connect';
import { accepts } from './login';
import { scramVerifier } from './scram';

/**
 * A database for a service of another vendor, and the login role that owns it and nothing else.
 *
 * Nobody else may connect to it, and the role may connect to no other: neither does the service reach rows of tenants,
 * nor does an API of tenants reach its tables. A password that is no longer accepted, or a right that the role did not
 * have, shows as drift and is set right. Deleting the resource leaves the database: it holds users and files' rows.
 *
 * @example new VendorDatabase('gotrue', { url: adminUrl, cluster, name: 'vendor_gotrue', password, setup: [], connections: 10 });
 */
export interface VendorInputs {
  /** Secret: connects as the cluster's admin; a changed URL is no change of the database. */
  url: string;
  cluster: string;
  /** Of the database and of its owner. */
  name: string;
  /** Secret. */
  password: string;
  /** Statements of the admin in that database, and again when they change: each may find its work done. */
  setup: string[];
  /** The most connections of the owner. */
  connections: number;
  /** Roles of the platform that the owner may become, in its own database: what it serves requests as. */
  becomes: string[];
}

export interface VendorState extends VendorInputs {
  /** Whether the owner got in with its password, and has no right that it was not given. */
  sound: boolean;
}

export const vendorDatabase: Resource<VendorInputs, VendorState> = {
  inputs: z.object({
    url: z.string(),
    cluster: z.string(),
    name: z.string().regex(/^vendor_[a-z_]+$/, 'must look like vendor_gotrue'),
    password: z.string().min(16),
    setup: z.array(z.string()),
    connections: z.int().min(1),
    becomes: z.array(z.enum(['strata_tenant', 'strata_anon'])),
  }),
  computed: ['sound'],
  volatile: ['sound'],

  diff: (state, inputs) => ({
    ...differences(
      state,
      inputs,
      ['cluster', 'password', 'setup', 'connections', 'becomes'],
      'update',
    ),
    ...differences(state, inputs, ['name'], 'replace'),
    ...(!state.sound && { sound: 'update' as const }),
  }),

  async create(inputs) {
    await setUp(inputs);
    return { id: inputs.name, state: { ...inputs, sound: true } };
  },

  read: (_id, state) =>
    readLive(state.url, state, async (client) => {
      const there = await client.query('select from pg_database where datname = $1', [state.name]);
      if (!there.rowCount) return undefined;
      const excess = await excessOf(client, state);
      return { ...state, sound: excess.length === 0 && (await letsIn(state)) };
    }),

  async update(_id, _state, inputs) {
    await setUp(inputs);
    return { ...inputs, sound: true };
  },

  delete: () => Promise.resolve(),
};

async function setUp(inputs: VendorInputs): Promise<void> {
  const { url, name, setup } = inputs;
  await withClient(url, async (client) => {
    await makeRole(client, inputs);
    await asMember(client, name, async () => {
      await makeDatabase(client, name);
      await withClient(databaseAt(url, name), async (inside) => {
        for (const statement of setup) await inside.query(statement);
      });
    });
  });
}

async function makeDatabase(client: Client, name: string): Promise<void> {
  const there = await client.query('select from pg_database where datname = $1', [name]);
  const database = escapeIdentifier(name);
  if (there.rowCount === 0) await client.query(`create database ${database} template template0`);
  await client.query(`alter database ${database} owner to ${database}`);
  await client.query(`revoke all on database ${database} from public`);
}

async function makeRole(client: Client, inputs: VendorInputs): Promise<void> {
  const { name, password, connections, becomes } = inputs;
  const there = await client.query('select from pg_roles where rolname = $1', [name]);
  const role = escapeIdentifier(name);
  if (there.rowCount === 0) await client.query(`create role ${role}`);
  const excess = await excessOf(client, inputs);
  if (excess.length > 0) {
    throw new UserError(
      `the role ${name} may more than own its database: it has ${excess.join(', ')}. Take that away as an admin, and run ` +
        'it again',
    );
  }
  await client.query(`alter role ${role} reset all`);
  // What it is a member of it is for the time of a request, never by itself.
  await client.query(`alter role ${role} noinherit`);
  for (const other of becomes) await client.query(await membership(client, other, name));
  await client.query(
    `alter role ${role} login connection limit ${String(connections)} password ${escapeLiteral(scramVerifier(password))}`,
  );
}

/** From Postgres 16 on it is the membership that inherits or not; before, the member does. */
async function membership(client: Client, role: string, member: string): Promise<string> {
  const { rows } = await client.query<{ each: boolean }>(
    "select current_setting('server_version_num')::int >= 160000 as each",
  );
  const terms = rows[0]?.each ? ' with admin false, inherit false, set true' : '';
  return `grant ${escapeIdentifier(role)} to ${escapeIdentifier(member)}${terms}`;
}

/** Attributes, memberships and databases that a vendor's role must not have. */
async function excessOf(
  client: Client,
  { name, becomes }: Pick<VendorInputs, 'name' | 'becomes'>,
): Promise<string[]> {
  const { rows } = await client.query<{ excess: string }>(
    `select unnest(array_remove(array[
         case when rolsuper then 'superuser' end, case when rolbypassrls then 'bypassrls' end,
         case when rolreplication then 'replication' end, case when rolcreaterole then 'createrole' end,
         case when rolcreatedb then 'createdb' end], null)) as excess
     from pg_roles where rolname = $1
     union all
     select format('membership in %s', roleid::regrole) from pg_auth_members
     where member = (select oid from pg_roles where rolname = $1) and roleid::regrole::text <> all ($2::text[])
     union all
     select format('connect on %s', datname) from pg_database
     where datname = current_database()
       and exists (select from pg_roles where rolname = $1)
       and has_database_privilege($1::name, oid, 'connect')`,
    [name, becomes],
  );
  return rows.map(({ excess }) => excess);
}

/** An admin that is no superuser gives away only to roles that it is a member of; it stays so no longer than needed. */
async function asMember(client: Client, role: string, work: () => Promise<void>): Promise<void> {
  const { rows } = await client.query<{ super: boolean }>(
    'select rolsuper as super from pg_roles where rolname = current_user',
  );
  if (rows[0]?.super) return work();
  const name = escapeIdentifier(role);
  await client.query(`grant ${name} to current_user`);
  try {
    await work();
  } finally {
    await client.query(`revoke ${name} from current_user`);
  }
}

function letsIn({ url, name, password }: VendorInputs): Promise<boolean> {
  return accepts({ url: databaseAt(url, name), role: name, password });
}
