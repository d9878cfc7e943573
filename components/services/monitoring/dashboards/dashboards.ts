import { containers } from './containers';
import { database } from './database';
import { gateway } from './gateway';
import { overview } from './overview';
import { dashboard } from './panel';
import { redis } from './redis';
import { tenants } from './tenants';

/** File name → dashboard. */
export const dashboards = {
  overview: dashboard('overview', 'Platform', overview),
  tenants: dashboard('tenants', 'Tenants', tenants),
  gateway: dashboard('gateway', 'Gateway and guard', gateway),
  database: dashboard('database', 'Postgres and PgBouncer', database),
  redis: dashboard('redis', 'Redis', redis),
  containers: dashboard('containers', 'Containers', containers),
} as const;
