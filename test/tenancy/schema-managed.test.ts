import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loginRoles } from '../../components/data/credentials';
import { planOf } from '../../components/plan';
import { databaseFigures } from '../../components/services/monitoring/database-figures';
import { schemaJob } from '../../components/services/schema-job';
import type { LoginRole } from '../../components/services/service';
import { chosenVendors, vendorRole } from '../../components/services/vendors';
import { audit } from '../../provider/audit/audit';
import { requireServer } from '../../provider/database-move/guard';
import { beginJournal, close, endJournal, reopen } from '../../provider/database-move/journal';
import { startManagedPostgres, type ManagedPostgres } from '../support/managed-postgres';
import { bundleOf } from '../support/node-program';
import { findKit } from './support/database-move';
import { moveDatabases } from '../../provider/database-move/move';
import { settingsOf } from '../support/platform';
import { startServer, type Server } from '../sql/support/server';

const settings = settingsOf({
  target: 'docker',
  preset: 'standard',
  domain: 'example.org',
  services: {
    'hasura-auth': { enabled: true },
    hasura: { enabled: true },
    'supabase-storage': { enabled: true },
  },
  tenancy: {
    tenants: {
      acme: { model: 'shared', members: { ann: 'admin' } },
      globex: { model: 'schema', members: { gus: 'admin' } },
      initech: { model: 'database', members: { ian: 'admin' } },
    },
  },
  database: { memory: '6G', tenants: { most: 2 } },
});

let managed: ManagedPostgres;
let folder: string;
const logins = Object.keys(loginRoles) as LoginRole[];

beforeAll(async () => {
  managed = await startManagedPostgres();
  folder = mkdtempSync(path.join(os.tmpdir(), 'strata-schema-managed-'));
});

afterAll(async () => {
  await managed.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A login's URL, as services are given it: verified, past the pooler. */
function url(
  role: string,
  authority = managed.authority,
  host = managed.host,
  port = managed.port,
): string {
  const file = write(`${role}-${host}-${port}.authority.pem`, authority);
  const query = new URLSearchParams({ sslmode: 'verify-full', sslrootcert: file });
  return `postgresql://${role}:${role}-password-of-tests@${host}:${port}/strata?${query.toString()}`;
}

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** The job's exit code and what it says; with `moved`, where all is to have come from another server. */
async function runJob(
  databaseUrl: string,
  moved = false,
): Promise<{ code: number | null; said: string }> {
  const aws = { ...settings.aws, database: 'rds', databaseMove: 'moved' } as const;
  const where = moved ? { ...settings, target: 'aws' as const, aws } : settings;
  const job = schemaJob(planOf(settings), logins, where);
  const secrets = {
    DATABASE_URL: databaseUrl,
    ADMIN_PASSWORD: 'the-password-of-the-admin',
    TENANT_LOGINS: 'm'.repeat(64),
    ...Object.fromEntries(
      logins.map((role) => [`${role.toUpperCase()}_PASSWORD`, `${role}-password-of-tests`]),
    ),
    ...Object.fromEntries(
      chosenVendors(settings).map((vendor) => [
        `${vendorRole(vendor).toUpperCase()}_URL`,
        url(vendorRole(vendor)),
      ]),
    ),
  };
  const files = Object.entries(secrets).map(([name, text]) => [`${name}_FILE`, write(name, text)]);
  const program = write('apply.cjs', bundleOf('components/services/images/schema/apply.ts'));
  const child = spawn(process.execPath, [program], {
    env: {
      PLAN: write('plan.json', job.files['plan.json'] as string),
      ...(Object.fromEntries(files) as Record<string, string>),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  }
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { code, said: said.join('') };
}

describe('the schema job on a stand-in for RDS: Postgres whose admin is no superuser', () => {
  test('trusts nobody else than who signed the database’s certificate, under its own name', async () => {
    const others = await startManagedPostgres();
    await others.stop();
    const stranger = await runJob(url('strata_migrator', others.authority));
    const alias = await runJob(url('strata_migrator', managed.authority, '127.0.0.1'));

    expect([stranger.code, alias.code]).toEqual([1, 1]);
    expect(stranger.said).toMatch(/certificate/);
    expect(alias.said).toMatch(/IP|altnames|certificate/);
  });

  test('begins no platform where one is to come by a move, and leaves the server as it was', async () => {
    const there = async (): Promise<unknown> => {
      const client = await managed.server.connect('rdsadmin', 'postgres');
      const { rows } = await client.query(
        'select datname as name from pg_database union all select rolname from pg_roles order by name',
      );
      await client.end();
      return rows;
    };
    const before = await there();
    const nothing = await runJob(url('strata_migrator'), true);
    expect(nothing.code).toBe(1);
    expect(nothing.said).toContain('Nothing has been moved to this database server');
    expect(await there()).toEqual(before);
  });

  test('brings everything up: logins, vendors, tenants of each model, and the audit', async () => {
    const { code, said } = await runJob(url('strata_migrator'));

    expect(code, said.slice(-2000)).toBe(0);
    expect(said).toContain('audit');
  });

  test('takes no platform for moved that another did not move there, nor one that is on its way', async () => {
    const target = managed.server.url('postgres', 'postgres');
    const begun = { source: '1', roles: [], databases: ['strata'] };

    const another = await runJob(url('strata_migrator'), true);
    await beginJournal({ source: '', target }, begun);
    const onItsWay = await runJob(url('strata_migrator'), true);

    expect([another.code, onItsWay.code]).toEqual([1, 1]);
    expect(another.said).toContain('Nothing has been moved to this database server');
    expect(onItsWay.said).toContain('The move to this database server is not over');
  });

  test('goes on where the move is over, and finds nothing to do the second time', async () => {
    await endJournal({ source: '', target: managed.server.url('postgres', 'postgres') }, []);
    const { code, said } = await runJob(url('strata_migrator'), true);
    expect(code, said.slice(-2000)).toBe(0);
  });

  test.each(['strata_auditor', 'strata_migrator', 'postgres'])(
    'leaves what is clean for %s',
    async (login) => {
      expect(await audit(url(login))).toEqual([]);
    },
  );

  test('made tenants of all models', async () => {
    const client = await managed.server.connect('rdsadmin', 'strata');
    const { rows } = await client.query<{ model: string }>(
      'select model from registry.tenants order by model',
    );
    expect(rows.map(({ model }) => model)).toEqual(['database', 'schema', 'shared']);
  });

  test('gives monitoring every figure', async () => {
    const monitor = await managed.server.connect('strata_monitor', 'strata');
    for (const { query, metrics } of Object.values(databaseFigures)) {
      const { fields } = await monitor.query(query);
      expect(fields.map(({ name }) => name)).toEqual(
        metrics.flatMap((column) => Object.keys(column)),
      );
    }
  });
});

test('no deployment works on a server whose rows are leaving or have left, until it is opened again', async () => {
  const server = await startServer();
  const source = server.url('postgres', 'strata');
  const ends = { source, target: '' };
  try {
    await requireServer(source, false);
    await close(ends);
    await expect(requireServer(source, false)).rejects.toThrow('This database server is shut');
    await reopen(ends);
    await requireServer(source, false);
  } finally {
    await server.stop();
  }
});

const kit = findKit();

test.skipIf(!kit)(
  'a platform that was deployed on a server goes on, complete, on a stand-in for RDS that it was moved to',
  async () => {
    if (!kit) return;
    const programs = kit.bin === undefined ? {} : { bin: kit.bin };
    const [before, after] = await Promise.all([
      startServer(programs),
      startManagedPostgres(programs),
    ]);
    try {
      const first = await runJob(before.url('strata_migrator', 'strata'));
      expect(first.code, first.said.slice(-2000)).toBe(0);
      const ends = {
        source: before.url('postgres', 'postgres'),
        target: after.server.url('postgres', 'postgres'),
      };
      // On RDS its admin may make it; on the stand-in who owns the server has to.
      const filled = await databasesOf(before);
      await inEach(filled, before, 'postgres', 'drop extension pg_stat_statements');
      await moveDatabases(ends, { tools: kit.tools });
      const statement = 'create extension pg_stat_statements schema ext';
      await inEach(filled, after.server, 'rdsadmin', statement);

      const second = await runJob(
        url('strata_migrator', after.authority, after.host, after.port),
        true,
      );

      expect(second.code, second.said.slice(-2000)).toBe(0);
    } finally {
      await Promise.all([before.stop(), after.stop()]);
    }
  },
);

/** The databases of the platform and of its tenants. */
async function databasesOf(server: Server): Promise<string[]> {
  const client = await server.connect('postgres', 'postgres');
  const { rows } = await client.query<{ name: string }>(
    `select datname as name from pg_database
     where not datistemplate and datname <> 'postgres' and datname !~ '^vendor_'`,
  );
  await client.end();
  return rows.map(({ name }) => name);
}

async function inEach(
  databases: readonly string[],
  server: Server,
  login: string,
  statement: string,
): Promise<void> {
  for (const database of databases) {
    const client = await server.connect(login, database);
    await client.query(statement);
    await client.end();
  }
}
