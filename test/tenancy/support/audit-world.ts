import type { Client } from 'pg';
import example from '../../../app/tenancy';
import { readMigrations } from '../../../components/data/migrations';
import { root } from '../../../engine/root';
import { auditWithin, type AuditOptions } from '../../../provider/audit/audit';
import type { Finding } from '../../../provider/audit/finding';
import path from 'node:path';
import { startServer, type Server } from '../../sql/support/server';
import { addTenant, deployCluster, planWith, platformOf } from './platform';

/** A platform with the example application and a tenant of each model. */
export interface AuditWorld {
  readonly server: Server;
  /** A superuser in the database strata. */
  readonly admin: Client;
  /** What a deployment tells the audit. */
  readonly options: AuditOptions;
  /** The schema of the tenant that has one: `t_<32 hex>`. */
  readonly schema: string;
  /** The database of the tenant that has one. */
  readonly database: string;
}

export async function auditWorld(): Promise<AuditWorld> {
  const server = await startServer();
  const plan = planWith();
  await deployCluster(server, plan);
  const platform = platformOf({ main: server }, plan);
  await addTenant(server, platform, 'acme', { members: { ann: 'admin', bob: 'member' } });
  await addTenant(server, platform, 'globex', { members: { gus: 'admin' } });
  const initech = await addTenant(server, platform, 'initech', {
    model: 'schema',
    members: { ida: 'admin' },
  });
  const umbrella = await addTenant(server, platform, 'umbrella', {
    model: 'database',
    members: { una: 'admin' },
  });
  const options = {
    tables: Object.keys(example.tables),
    shared: Object.keys(example.shared ?? {}),
    files: [...readMigrations(path.join(root, 'sql'), 'platform'), ...plan.migrations],
  };
  const hex = ({ id }: { id: string }): string => `t_${id.replaceAll('-', '')}`;
  return {
    server,
    admin: await server.connect('postgres', 'strata'),
    options,
    schema: hex(initech),
    database: hex(umbrella),
  };
}

/** What an audit finds after `sql`, in a transaction that is rolled back. */
export async function findingsAfter(
  { admin, options }: AuditWorld,
  sql: string,
  then: (findings: Finding[]) => Promise<void> = () => Promise.resolve(),
): Promise<Finding[]> {
  await admin.query('begin');
  try {
    if (sql !== '') await admin.query(sql);
    const findings = await auditWithin(admin, options);
    await then(findings);
    return findings;
  } finally {
    await admin.query('rollback');
  }
}
