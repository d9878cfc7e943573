import { writeFileSync } from 'node:fs';
import type { Client } from 'pg';
import { pooledRoles } from '../../../components/services/database/connections';
import { placeOf, tenantRole } from '../../../components/tenancy/places';
import { tenantVerifier } from '../../../components/tenancy/verifier';
import { scramVerifier } from '../../../provider/database/scram';
import { installPlatform } from '../../sql/support/platform';
import { startServer, type Server } from '../../sql/support/server';

export const master = 'm'.repeat(64);

/** The password of a login of the platform, here. */
export const passwordOf = (login: string): string => `password-of-${login}`;

/** A cluster with the platform in `strata`, which asks everybody for a password but the admin and the migrator. */
export class Shard {
  private constructor(
    private readonly server: Server,
    /** The admin's, in the database `strata`. */
    readonly admin: Client,
    readonly port: number,
  ) {}

  static async start(): Promise<Shard> {
    const server = await startServer();
    const first = await server.connect('postgres', 'postgres');
    await first.query('create database strata');
    await first.end();
    await installPlatform(server, 'strata');
    const admin = await server.connect('postgres', 'strata');
    for (const login of [...Object.values(pooledRoles), 'strata_monitor', 'strata_pooler']) {
      await admin.query(`alter role ${login} login password '${scramVerifier(passwordOf(login))}'`);
    }
    const { rows } = await admin.query<{ hba_file: string }>('show hba_file');
    writeFileSync(
      rows[0]?.hba_file ?? '',
      'host all postgres,strata_migrator all trust\nhost all all all scram-sha-256\n',
    );
    await admin.query('select pg_reload_conf()');
    return new Shard(server, admin, Number(new URL(server.url('postgres', 'strata')).port));
  }

  /** The URL of a login at the cluster itself. */
  url(login: string, database = 'strata'): string {
    const url = new URL(this.server.url(login, database));
    url.password = passwordOf(login);
    return url.href;
  }

  /** The database and the login of a tenant, closed to everybody else, as provisioning makes them. */
  async makeTenant(id: string, generation = 1): Promise<void> {
    const { database } = placeOf(id, 'database');
    await this.setPassword(id, generation);
    await this.admin.query(`create database ${database}`);
    await this.admin.query(
      `revoke all on database ${database} from public; grant connect on database ${database} to ${tenantRole(id)}`,
    );
  }

  async setPassword(id: string, generation: number): Promise<void> {
    await this.admin.query('select strata.make_tenant_role($1, $2)', [
      id,
      tenantVerifier(master, id, generation),
    ]);
  }

  /** Sessions of a login, by the server itself. */
  async sessions(login: string): Promise<number> {
    const { rows } = await this.admin.query<{ n: number }>(
      'select count(*)::int as n from pg_stat_activity where usename = $1',
      [login],
    );
    return rows[0]?.n ?? 0;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}
