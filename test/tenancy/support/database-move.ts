import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { placeOf, tenantRole } from '../../../components/tenancy/places';
import { withClient } from '../../../provider/database/connect';
import type { Tenant } from '../../../provider/tenancy/tenant';
import { databaseAt } from '../../../provider/tenancy/clusters';
import type { Ends } from '../../../provider/database-move/ends';
import type { Tools } from '../../../provider/database-move/tools';
import { startServer, type Server } from '../../sql/support/server';

/** A Postgres, and its pg_dump and pg_restore, which the npm package does not bring. */
export interface Kit {
  /** The folder of the server's programs; the npm package's when not given. */
  readonly bin?: string;
  /** The folder of the others. */
  readonly programs: string;
  readonly tools: Tools;
}

const packages = '/usr/lib/postgresql';

/**
 * Debian's, of any major; undefined where no such package is installed. `STRATA_TEST_POSTGRES_TOOLS` names a folder with
 * pg_dump, pg_restore and psql of the npm package's major, to move on that one.
 */
export function findKit(): Kit | undefined {
  const given = process.env.STRATA_TEST_POSTGRES_TOOLS;
  if (given !== undefined) return kitIn(given);
  const majors = existsSync(packages) ? readdirSync(packages) : [];
  const major = majors.find((each) => existsSync(path.join(packages, each, 'bin/initdb')));
  if (major === undefined) return undefined;
  const bin = path.join(packages, major, 'bin');
  return { bin, ...kitIn(bin) };
}

function kitIn(programs: string): Kit {
  const tools = {
    dump: path.join(programs, 'pg_dump'),
    restore: path.join(programs, 'pg_restore'),
  };
  return { programs, tools };
}

/** A new server as a provider hands it over: the admin postgres is no superuser, and somebody else is. */
export async function managedServer({ bin }: Kit): Promise<Server> {
  const server = await startServer({ ...(bin !== undefined && { bin }) });
  const first = await server.connect('postgres', 'postgres');
  await first.query('create role helper superuser login');
  await first.end();
  const helper = await server.connect('helper', 'template1');
  await helper.query('alter role postgres rename to provider');
  await helper.query('create role postgres login createdb createrole');
  await helper.query('checkpoint');
  await helper.end();
  return server;
}

/** pg_restore, and after the rows of the platform's database a statement of the provider: a program that does its work badly. */
export function bentTools({ programs, tools }: Kit, folder: string, statement: string): Tools {
  const restore = path.join(folder, 'pg_restore');
  const script = [
    '#!/bin/sh',
    `${tools.restore} "$@" || exit 1`,
    `case "$PGDATABASE $*" in "strata "*--data-only*) PGUSER=provider ${programs}/psql -Xqc "${statement}" ;; esac`,
  ];
  writeFileSync(restore, `${script.join('\n')}\n`, { mode: 0o755 });
  return { ...tools, restore };
}

export function endsOf(source: Server, target: Server): Ends {
  return {
    source: source.url('postgres', 'postgres'),
    target: databaseAt(target.url('postgres', 'postgres'), 'postgres'),
  };
}

/** Everything of a server that a move could leave changed: who may log in, what there is, and how it is guarded. */
export async function standing(server: Server, login: string): Promise<unknown> {
  const client = await server.connect(login, 'postgres');
  const { rows } = await client.query(
    `select (select jsonb_agg(jsonb_build_array(rolname, rolcanlogin, rolpassword, rolconnlimit) order by rolname)
         from pg_authid) as roles,
       (select jsonb_agg(jsonb_build_array(m.roleid::regrole, m.member::regrole) order by m.roleid, m.member)
         from pg_auth_members m) as memberships,
       (select jsonb_agg(jsonb_build_array(datname, datconnlimit, datallowconn, datacl::text) order by datname)
         from pg_database) as databases,
       (select jsonb_agg(nspname order by nspname) from pg_namespace) as schemas`,
  );
  await client.end();
  return rows[0];
}

/** An admin of a tenant. */
export interface Person {
  readonly tenant: Tenant;
  readonly user: string;
}

/** Sends requests of tenants' admins to a server, and knows which were acknowledged. */
export class Requests {
  /** Tenant → ids of notes whose commit was answered, and those of which nobody knows. */
  readonly acknowledged = new Map<string, Set<string>>();
  readonly attempted = new Map<string, Set<string>>();
  /** Codes and words of what was refused. */
  readonly refusals: string[] = [];
  private stopped = false;
  private running: Promise<void>[] = [];

  constructor(private readonly people: readonly Person[]) {}

  /** One request: as an API sends it. */
  async ask<T extends object>(
    server: Server,
    { tenant, user }: Person,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<T[]> {
    const place = placeOf(tenant.id, tenant.model);
    const login = tenant.model === 'database' ? tenantRole(tenant.id) : 'strata_authenticator';
    return withClient(server.url(login, place.database), async (client) => {
      await client.query('begin isolation level repeatable read');
      const claims = {
        'x-hasura-tenant-id': tenant.id,
        'x-hasura-user-id': user,
        'x-hasura-role': 'tenant_admin',
      };
      await client.query(
        `select set_config('role', $1, true), set_config('search_path', $2, true), set_config('request.jwt.claims', $3, true)`,
        [place.role, place.schema, JSON.stringify({ 'https://hasura.io/jwt/claims': claims })],
      );
      const { rows } = await client.query<T>(text, [...values]);
      await client.query('commit');
      return rows;
    });
  }

  /** One note, and what became of it. */
  async write(server: Server, who: Person): Promise<void> {
    const [id, slug] = [randomUUID(), who.tenant.slug];
    note(this.attempted, slug, id);
    await this.ask(
      server,
      who,
      `insert into notes (id, project_id, body) select $1, id, 'written' from projects limit 1`,
      [id],
    );
    note(this.acknowledged, slug, id);
  }

  start(server: Server): void {
    this.running = this.people.map(async (who) => {
      while (!this.stopped) {
        await this.write(server, who).catch(async (error: unknown) => {
          this.refusals.push((error as Error).message);
          // As a client that is refused waits a little.
          await sleep(50);
        });
      }
    });
  }

  /** Resolves when each tenant has so many notes more. */
  async more(count: number): Promise<void> {
    const wanted = [...this.acknowledged.values()].reduce((sum, ids) => sum + ids.size, count);
    await expect
      .poll(() => [...this.acknowledged.values()].reduce((sum, ids) => sum + ids.size, 0))
      .toBeGreaterThanOrEqual(wanted);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.running);
  }
}

function note(ids: Map<string, Set<string>>, slug: string, id: string): void {
  ids.set(slug, (ids.get(slug) ?? new Set()).add(id));
}
