import path from 'node:path';
import type { Client } from 'pg';
import example from '../../../../app/tenancy';
import { readMigrations } from '../../../../components/data/migrations';
import type { TenancyDeclaration } from '../../../../components/tenancy/declaration';
import { platformDatabase } from '../../../../components/tenancy/places';
import { root } from '../../../../engine/root';
import type { TenancyPlan } from '../../../../provider/tenancy/plan';
import { provision } from '../../../../provider/tenancy/provision';
import { startServer, type Server } from '../../../sql/support/server';
import { declaration as everyWord, tables } from '../../support/declared';
import { deployCluster, planWith, platformOf } from '../../support/platform';
import { clearSql, estateSql } from './estates';
import { attackers, people, rowId, victims, type Resident } from './names';
import { keepSql } from './keep';

/** The example application, and tables that use every word of a declaration. */
export const declaration: TenancyDeclaration = {
  tables: { ...example.tables, ...everyWord.tables },
  shared: everyWord.shared,
};

/** What a careless migration may leave behind, which FORCE must hold: a view and a function that run as the owner. */
const careless = `
  create view careless_notes as select * from notes;
  create function careless_count() returns bigint language sql security definer set search_path from current
    begin atomic select count(*) from notes; end;`;

export function plan(): TenancyPlan {
  const migrations = readMigrations(path.join(root, 'app/sql'), 'app').slice(0, 1);
  const [first] = migrations;
  if (!first) throw new Error('the example application has no migration');
  const sql = `${tables}\n${careless}`;
  return planWith({
    declaration,
    migrations: [first, { ...first, name: '050_attacked', sql }],
  });
}

/** Two clusters with A and B in each of the models, the same to the last object id; only B's rows are others. */
export interface Twins {
  readonly one: Server;
  readonly other: Server;
  readonly stop: () => Promise<void>;
}

export async function startTwins(): Promise<Twins> {
  const one = await startScene();
  const admin = await one.connect('postgres', platformDatabase);
  await admin.query('checkpoint');
  const other = await startServer({ copyOf: one.data });
  await exchange(other);
  return {
    one,
    other,
    stop: async () => {
      await Promise.all([one.stop(), other.stop()]);
    },
  };
}

/** One cluster with A and B in each of the models. */
export async function startScene(): Promise<Server> {
  const server = await startServer();
  const wanted = plan();
  await deployCluster(server, wanted);
  const platform = platformOf({ main: server }, wanted);
  const main = await server.connect('postgres', platformDatabase);
  const residents = [...Object.values(attackers), ...Object.values(victims)];
  await main.query(usersSql);
  await main.query(residents.map(tenantSql).join('\n'));
  for (const { id, slug, model } of residents) {
    const tenant = { id, slug, name: slug, model, shard: 'main', status: 'active', generation: 1 };
    await provision(platform, { ...tenant, status: 'active' });
  }
  for (const resident of residents) {
    await within(server, resident, (client) => furnish(client, resident));
  }
  await main.query(`
    insert into storage.limits values (true, 1000, 10000, 100, 10000, 100);
    ${filesSql(attackers.shared, 'a', people.ann)}
    ${filesSql(victims.shared, 'b', people.hal)}
    ${keepSql(['app', attackers.schema.place.schema])}
    analyze`);
  await within(server, attackers.database, (client) => client.query(keepSql(['app'])));
  return server;
}

/** The victims' rows become others: other ids, names and texts, another member, and many more of them. */
async function exchange(server: Server): Promise<void> {
  for (const victim of Object.values(victims)) {
    await within(server, victim, async (client) => {
      const member = `registry.members where tenant_id = '${victim.id}' and user_id = '${people.hal}'`;
      await client.query(`${clearSql(victim.id)}
        delete from storage.files where tenant_id = '${victim.id}';
        delete from ${member};
        ${ivySql}
        insert into registry.members (tenant_id, user_id, role) values ('${victim.id}', '${people.ivy}', 'member');
        ${estateSql(victim.id, 'other b')}`);
    });
  }
  for (const attacker of [attackers.schema, attackers.database]) {
    const { id } = victims[attacker.model];
    await within(server, attacker, async (client) => {
      if (attacker.model === 'database') {
        await client.query(
          `${clearSql(id)} ${ivySql} ${peopleSql(id, people.gus, people.ivy)} ${noHalSql}`,
        );
      }
      await client.query(`${clearSql(id)} ${estateSql(id, 'other b')}`);
    });
  }
  await within(server, attackers.database, (client) => client.query('select kept.keep()'));
  const main = await server.connect('postgres', platformDatabase);
  await main.query(
    `${noHalSql} ${filesSql(victims.shared, 'other b', people.ivy)} ${keysSql} select kept.keep(); analyze`,
  );
  await main.end();
}

/** Its own rows; at the place of an attacker also rows of a victim, which somebody left behind. */
async function furnish(client: Client, resident: Resident): Promise<void> {
  const { id, model, slug, place } = resident;
  const isAttacker = attackers[model].id === id;
  await client.query(estateSql(id, isAttacker ? 'a' : 'b'));
  if (isAttacker && model !== 'shared') {
    const victim = victims[model];
    if (model === 'database') {
      await client.query(`${usersSql} ${tenantSql(victim)}`);
    }
    await client.query(estateSql(victim.id, 'b'));
  }
  if (slug !== victims.shared.slug) {
    await client.query(`grant select on careless_notes to ${place.role};
      grant execute on function careless_count() to ${place.role}`);
  }
}

/** As a superuser at the place of a tenant. */
export async function within(
  server: Server,
  { place }: Resident,
  work: (client: Client) => Promise<unknown>,
): Promise<void> {
  const client = await server.connect('postgres', place.database);
  await client.query(`set search_path = ${place.schema}`);
  await work(client);
  await client.end();
}

const usersSql = `insert into registry.users (id, handle) values ${Object.entries(people)
  .filter(([handle]) => handle !== 'ivy')
  .map(([handle, id]) => `('${id}', '${handle}')`)
  .join(', ')} on conflict do nothing;`;

const ivySql = `insert into registry.users (id, handle) values ('${people.ivy}', 'ivy') on conflict do nothing;`;
const noHalSql = `delete from registry.users where id = '${people.hal}';`;

function tenantSql({ id, slug, model }: Resident): string {
  const [admin, member] = id.startsWith('0a') ? [people.ann, people.bob] : [people.gus, people.hal];
  return `insert into registry.tenants (id, slug, name, model, status) values ('${id}', '${slug}', '${slug}', '${model}', 'active');
    ${peopleSql(id, admin, member)}`;
}

function peopleSql(tenant: string, admin: string, member: string): string {
  return `delete from registry.members where tenant_id = '${tenant}';
    insert into registry.members (tenant_id, user_id, role) values ('${tenant}', '${admin}', 'admin'), ('${tenant}', '${member}', 'member');`;
}

function filesSql({ id }: Resident, estate: 'a' | 'b' | 'other b', owner: string): string {
  const size = { a: 3, b: 5, 'other b': 700 }[estate];
  return `insert into storage.files (tenant_id, id, owner_id, name, mime_type, size, visibility, status, sha256, expires_at)
    values ('${id}', '${rowId(estate, 'files', 1)}', '${owner}', '${estate}', 'text/plain', ${String(size)}, 'tenant', 'ready', repeat('0', 64), null);`;
}

/** An API key that only one of the worlds has. */
const keysSql = `insert into registry.api_keys (tenant_id, secret_hash, name, role, scopes, created_by, expires_at)
  values ('${victims.shared.id}', decode(repeat('ab', 32), 'hex'), 'key', 'admin', '{graphql:*}', '${people.gus}', now() + interval '1 day');`;
