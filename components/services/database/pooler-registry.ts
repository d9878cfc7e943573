import type { Settings } from '../../settings/schema';
import { file } from '../paths';
import type { Workload } from '../service';
import { tenantCapacity } from './connections';
import { consoleUser, poolerFolder, poolerPort, poolerUser, userList } from './pooler';

const port = 8070;

/**
 * The program that keeps the pooler's databases, logins and pool sizes as the registry of tenants says, and makes it
 * read them without ending a session.
 *
 * It comes before the pooler, because the pooler includes what it writes; what the pooler needs to start is there as soon
 * as it runs, so nobody waits for the registry. Whoever writes the pooler's files is the pooler, as far as trust goes, so
 * it has the pooler's list of users, and is reached by nobody. Of Postgres it has a login that may ask two functions.
 * Healthy while it reads the registry. Costs one Node process.
 */
export function poolerRegistry({ database: { tenants } }: Settings): Workload {
  return {
    kind: 'workload',
    name: 'pooler-registry',
    program: {
      entries: { 'server.cjs': 'components/services/images/pooler-registry/server.ts' },
    },
    command: ['node', '{program}/server.cjs'],
    environment: {
      PORT: String(port),
      POOLER_FOLDER: poolerFolder,
      POOLER_HOST: 'pooler',
      POOLER_PORT: String(poolerPort),
      CONSOLE_USER: consoleUser,
      TENANT_CONNECTIONS: String(tenants.connections),
      TENANT_CAPACITY: String(tenantCapacity(tenants)),
      USERS: file('userlist.txt'),
    },
    secrets: {
      DATABASE_URL: { database: 'strata_pooler', direct: true },
      CONSOLE_PASSWORD: { platform: 'pooler-console' },
      TENANT_LOGINS: { platform: 'tenant-logins' },
      AUTHORITY: { authority: 'database' },
    },
    files: { 'userlist.txt': userList() },
    volumes: { [poolerFolder]: 'pooler' },
    // The pooler's: nobody else reads the files.
    user: poolerUser,
    resources: { memory: '256M' },
    needs: ['database'],
    port,
    health: '/healthz',
    metrics: { none: 'its health says whether the pooler follows the registry' },
    readsSchema: false,
    routes: {},
    replicas: 1,
  };
}
