import type { AdminConfig } from '../../../components/services/images/admin/config';
import { operatorPassword } from '../gateway/nginx';
import { startProgram, type NodeProgram } from '../node-program';

/** A running admin page. */
export type AdminProcess = NodeProgram;

/** As the operators log in. */
export const operatorLogin = `Basic ${Buffer.from(`operator:${operatorPassword}`).toString('base64')}`;

/** A page that shows nothing but itself, at example.org. */
export function adminConfig(changes: Partial<AdminConfig> = {}): AdminConfig {
  return {
    hosts: ['example.org', 'api.example.org'],
    requestsPerMinute: 6000,
    services: [],
    dashboards: [],
    databaseTools: [],
    ...changes,
  };
}

/** The page as a container runs it, and waits until it answers. */
export async function startAdmin(config: AdminConfig, databaseUrl: string): Promise<AdminProcess> {
  const admin = await startProgram({
    entry: 'components/services/images/admin/server.ts',
    config: { ADMIN_CONFIG: config },
    secrets: { DATABASE_URL: databaseUrl, OPERATOR: operatorPassword },
  });
  if (admin.child.exitCode !== null) throw new Error(`the program ended: ${admin.log()}`);
  return admin;
}
