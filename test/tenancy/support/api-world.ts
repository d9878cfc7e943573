import { writeFileSync } from 'node:fs';
import type { Client } from 'pg';
import { addressOf } from '../../../components/services/images/shared/tenant-database/address';
import type { Session } from '../../../components/services/images/shared/token';
import { tenantPassword } from '../../../components/tenancy/login';
import {
  placeOf,
  platformDatabase,
  tenantRole,
  type Model,
} from '../../../components/tenancy/places';
import { provision, type Platform } from '../../../provider/tenancy/provision';
import type { Tenant } from '../../../provider/tenancy/tenant';
import { startServer, type Server } from '../../sql/support/server';
import { addTenant, deployCluster, master, planWith, platformOf } from './platform';

/** A tenant with one admin and one note, whose text nobody else has. */
export interface Inhabitant {
  readonly slug: string;
  readonly tenant: Tenant;
  /** Of its admin. */
  readonly session: Session;
  readonly project: string;
  readonly secret: string;
}

/** A platform with the application's tables, and tenants of all models as its APIs find them. */
export class ApiWorld {
  private constructor(
    readonly server: Server,
    /** Superuser, at the platform's database. */
    readonly admin: Client,
    private readonly platform: Platform,
  ) {}

  static async start(): Promise<ApiWorld> {
    const server = await startServer();
    const plan = planWith();
    await deployCluster(server, plan);
    return ApiWorld.on(server, platformOf({ main: server }, plan));
  }

  /** On a server that has the platform and the template of tenants' databases. */
  static async on(server: Server, platform: Platform): Promise<ApiWorld> {
    const admin = await server.connect('postgres', platformDatabase);
    await requirePasswords(admin);
    return new ApiWorld(server, admin, platform);
  }

  /** Makes a tenant with its place, an admin, a project and a note. */
  async settle(slug: string, model: Model): Promise<Inhabitant> {
    const handle = `admin-of-${slug}`;
    const members = { [handle]: 'admin' } as const;
    const tenant = await addTenant(this.server, this.platform, slug, { model, members });
    await this.set(tenant, 'status', 'active');
    const { rows } = await this.admin.query<{ id: string }>(
      'select id from registry.users where handle = $1',
      [handle],
    );
    const userId = rows[0]?.id ?? '';
    const secret = `only ${slug} knows`;
    return {
      slug,
      tenant,
      session: { tenantId: tenant.id, userId, role: 'tenant_admin', scopes: undefined },
      project: await this.furnish(tenant, userId, secret),
      secret,
    };
  }

  /** Changes what the registry says of a tenant, and nothing else. */
  async set({ id }: Tenant, column: string, value: unknown): Promise<void> {
    await this.admin.query(`update registry.tenants set ${column} = $2 where id = $1`, [id, value]);
  }

  /** Gives a tenant an empty place of another model. */
  async become({ tenant }: Inhabitant, model: Model): Promise<void> {
    await this.set(tenant, 'model', model);
    await provision(this.platform, { ...tenant, model });
  }

  /** Removes rows with this text and says in which of the inhabitants' places there were any. */
  async take(
    all: readonly Inhabitant[],
    table: string,
    column: string,
    text: string,
  ): Promise<string[]> {
    const found = new Set<string>();
    for (const { tenant } of all) {
      const { client, schema } = await this.inside(tenant);
      const { rowCount } = await client.query(
        `delete from ${schema}.${table} where ${column} = $1`,
        [text],
      );
      if (rowCount) found.add(`${placeOf(tenant.id, tenant.model).database}.${schema}`);
      await client.end();
    }
    return [...found];
  }

  /** Where a superuser finds the tenant's tables. */
  async inside({ id, model }: Tenant): Promise<{ client: Client; schema: string }> {
    const { database, schema } = placeOf(id, model);
    return { client: await this.server.connect('postgres', database), schema };
  }

  /** The URL of a tenant's own database, by default as its login. */
  urlOf({ id, generation }: Tenant, user = tenantRole(id)): string {
    return addressOf(this.server.url('strata_authenticator', platformDatabase), {
      host: null,
      port: null,
      database: placeOf(id, 'database').database,
      login: { user, password: tenantPassword(master, id, generation) },
    });
  }

  private async furnish(tenant: Tenant, user: string, secret: string): Promise<string> {
    const { client, schema } = await this.inside(tenant);
    const { rows } = await client.query<{ id: string }>(
      `with p as (insert into ${schema}.projects (tenant_id, name) values ($1, $3) returning id),
         n as (insert into ${schema}.notes (tenant_id, project_id, author_id, body) select $1, p.id, $2, $3 from p)
       select id from p`,
      [tenant.id, user, secret],
    );
    await client.end();
    return rows[0]?.id ?? '';
  }
}

/** The test's Postgres trusts everybody; whoever comes to a tenant's database has to show the derived password. */
async function requirePasswords(admin: Client): Promise<void> {
  const { rows } = await admin.query<{ file: string }>(
    `select current_setting('hba_file') as file`,
  );
  const lines = [
    'host strata,postgres all 127.0.0.1/32 trust',
    'host all +strata_tenant 127.0.0.1/32 scram-sha-256',
    'host all all 127.0.0.1/32 trust',
    '',
  ];
  writeFileSync(rows[0]?.file ?? '', lines.join('\n'));
  await admin.query('select pg_reload_conf()');
}
