import { DatabaseError, type Client } from 'pg';
import { withClient } from '../database/connect';
import type { Relation } from './catalogue';
import { type Finding, findingsOf, step } from './finding';
import { clientsOf, isTenantRole, tenantOf } from './names';

const finding = findingsOf(15);

/** How a login says whom it acts for; claims are what a token has for a tenant, null for nothing. */
type Speak = (tenant: string | null, role?: string) => [name: string, value: string][];

const user = '00000000-0000-4000-8000-000000000001';

function hasuraClaims(tenant: string, role: string): Record<string, string> {
  return { 'x-hasura-tenant-id': tenant, 'x-hasura-user-id': user, 'x-hasura-role': role };
}

const ways: Readonly<Record<'token' | 'hasura' | 'backend', Speak>> = {
  token: (tenant, role = 'tenant_member') =>
    tenant === null
      ? []
      : [
          [
            'request.jwt.claims',
            JSON.stringify({ 'https://hasura.io/jwt/claims': hasuraClaims(tenant, role) }),
          ],
        ],
  hasura: (tenant, role = 'tenant_member') =>
    tenant === null ? [] : [['hasura.user', JSON.stringify(hasuraClaims(tenant, role))]],
  backend: (tenant, role = 'tenant_member') =>
    tenant === null
      ? []
      : [
          ['app.tenant_id', tenant],
          ['app.user_id', user],
          ['app.role', role.replace('tenant_', '')],
        ],
};

/** How each login speaks; others speak not at all, and have no rows whatever they set. */
function wayOf(login: string): keyof typeof ways | undefined {
  if (login === 'strata_authenticator' || isTenantRole(login)) return 'token';
  if (login === 'strata_hasura') return 'hasura';
  return login === 'strata_app' ? 'backend' : undefined;
}

/** So many schemas of tenants are tried; their tables are alike, and the catalogue of all is looked at. */
const mostSchemas = 3;

/**
 * 15: what a login sees and writes without a tenant, as one tenant, and with what belongs to another login; and whether
 * one transaction leaves something for the next on the same connection. `url` may go through the pooler. Each try is
 * rolled back.
 */
export async function probeLogin(
  login: string,
  url: string,
  tables: readonly Relation[],
  [first, second]: readonly [string, string],
): Promise<Finding[]> {
  const schemas = [...new Set(tables.map(({ schema }) => schema).filter((one) => tenantOf(one)))];
  const tried = tables.filter(
    ({ schema, parents }) =>
      parents.length === 0 && (!tenantOf(schema) || schemas.indexOf(schema) < mostSchemas),
  );
  const own = tenantOf(login);
  const as = own ?? first;
  const findings: Finding[] = [];
  await withClient(url, async (client) => {
    await client.query(`set statement_timeout = '10s'`).catch(() => undefined);
    const probe = new Probe(client, login, findings);
    for (const table of tried) {
      await probe.reads(table, null, 'without a tenant');
      await probe.reads(table, as, 'as one tenant', as);
      await probe.reads(
        table,
        null,
        "with another login's claims",
        undefined,
        spoofs(login, second),
      );
      const stranger = ways[wayOf(login) ?? 'backend'](as, 'tenant_stranger');
      await probe.reads(table, null, 'in a role that is none of a tenant', undefined, stranger);
      await probe.writes(table, as, second);
    }
    await probe.leaks(as);
  });
  return findings;
}

/** Everything that other logins' clients could set. */
function spoofs(login: string, tenant: string): [string, string][] {
  const own = wayOf(login);
  return Object.entries(ways).flatMap(([way, speak]) => (way === own ? [] : speak(tenant)));
}

class Probe {
  constructor(
    private readonly client: Client,
    private readonly login: string,
    private readonly findings: Finding[],
  ) {}

  /** Rows that `table` shows; with `but`, other than that tenant's. */
  async reads(
    table: Relation,
    tenant: string | null,
    how: string,
    but?: string,
    extra: readonly [string, string][] = [],
  ): Promise<void> {
    // Its queries say no tenant at all, and its metadata filters them.
    const filtered = this.login === 'strata_hasura' && tenant === null;
    if (filtered && !extra.some(([name]) => name === 'hasura.user')) return;
    const rest = but === undefined ? '' : ` where tenant_id is distinct from '${but}'::uuid`;
    const { rows } = await this.attempt(
      table,
      tenant,
      extra,
      `select 1 from ${table.ref}${rest} limit 1`,
    );
    if (rows > 0)
      this.report('probe-reads', table.ref, `it reads rows ${how} that are not its own`);
  }

  async writes(table: Relation, tenant: string, other: string): Promise<void> {
    const statement = `insert into ${table.ref} (tenant_id) values ('${other}'::uuid)`;
    const { rows, code } = await this.attempt(table, tenant, [], statement);
    // A constraint is looked at after the policies, so that it spoke means that they let the row through.
    if (rows > 0 || code?.startsWith('23')) {
      this.report('probe-writes', table.ref, 'as one tenant it may insert a row of another');
    }
  }

  /** Whether what a transaction sets is there in the next one. */
  async leaks(tenant: string): Promise<void> {
    const way = wayOf(this.login);
    if (!way) return;
    for (const before of [null, tenant]) {
      if (before !== null) await this.transaction(way, before, () => this.client.query('select 1'));
      const names = ways[way](tenant).map(
        ([name]) => `nullif(current_setting('${name}', true), '')`,
      );
      const { rows } = await this.client.query<{ left: string | null }>(
        `select coalesce(${names.join(', ')}) as left`,
      );
      if (rows[0]?.left) {
        this.report(
          'probe-leak',
          `login ${this.login}`,
          before === null
            ? 'a connection that it was given already acts for a tenant'
            : 'what one transaction sets is there in the next',
        );
        return;
      }
    }
  }

  private async attempt(
    table: Relation,
    tenant: string | null,
    extra: readonly [string, string][],
    statement: string,
  ): Promise<{ rows: number; code?: string }> {
    const way = wayOf(this.login);
    try {
      return await this.transaction(way, tenant, async () => {
        await this.become(table);
        await this.set(extra);
        return { rows: (await this.client.query(statement)).rowCount ?? 0 };
      });
    } catch (error) {
      if (error instanceof DatabaseError) return { rows: 0, code: error.code };
      throw error;
    }
  }

  /** What a request becomes; a login that may not stays what it is. */
  private async become(table: Relation): Promise<void> {
    if (this.login === 'strata_hasura') return;
    const [role = ''] = clientsOf(table);
    if (this.login === 'strata_app' && role === 'strata_tenant') return;
    if (wayOf(this.login)) await this.client.query(`set local role ${role}`);
  }

  private async set(values: readonly [string, string][]): Promise<void> {
    for (const pair of values)
      await this.client.query('select set_config($1, $2, true)', [...pair]);
  }

  private async transaction<T>(
    way: keyof typeof ways | undefined,
    tenant: string | null,
    work: () => Promise<T>,
  ): Promise<T> {
    await this.client.query('begin');
    try {
      if (way) await this.set(ways[way](tenant));
      return await work();
    } finally {
      await this.client.query('rollback');
    }
  }

  private report(id: string, object: string, what: string): void {
    this.findings.push(
      finding(
        id,
        object,
        `tried as ${this.login}: ${what}`,
        step(
          'mend what the other checks find about it; when they find nothing, report this: a check is missing',
        ),
      ),
    );
  }
}
