import { wantedTenants } from '../data/tenants';
import type { Plan } from '../plan';
import { extensionStatements } from './database/extensions';
import { loginLimits, vendorLimits, type Counted } from './database/optional';
import type { SchemaPlan } from './images/schema/plan';
import { file } from './paths';
import type { Job, LoginRole, SecretSource } from './service';
import { isMovedDatabase } from '../settings/aws-database';
import type { Settings } from '../settings/schema';
import { vendorRole, vendors, type VendorName } from './vendors';

export const schemaJobName = 'schema';

const planFile = 'plan.json';

/**
 * Fills the database from inside the network, for deployments without Pulumi and for databases that the engine's machine
 * cannot reach: migrations, logins, tenants, fences, places and the audit, in the order of `strata:data:Schema`. Applied migrations are passed
 * over, so it may run at each start. Costs one Node process while it runs.
 */
export function schemaJob(
  { migrations, fences, tenancy: plan, schemaVersion }: Plan,
  logins: readonly LoginRole[],
  settings: Counted & Pick<Settings, 'tenancy' | 'database' | 'target' | 'aws'>,
): Job {
  const { tenancy } = settings;
  const ofVendors = vendorLimits(settings);
  const vendorNames = Object.keys(ofVendors) as VendorName[];
  const contents: SchemaPlan = {
    setup: extensionStatements(settings),
    migrations,
    logins,
    limits: loginLimits(settings),
    vendors: vendorNames.map((vendor) => {
      const { setup, becomes = [], connections } = vendors[vendor];
      return {
        name: vendorRole(vendor),
        setup,
        becomes,
        connections: ofVendors[vendor] ?? connections,
      };
    }),
    tenants: wantedTenants(tenancy),
    fences,
    tenancy: plan,
    unknownTables: tenancy.unknownTables,
    schemaVersion,
    ...(isMovedDatabase(settings) && { moved: true as const }),
  };
  return {
    kind: 'job',
    name: schemaJobName,
    program: { entries: { 'apply.cjs': 'components/services/images/schema/apply.ts' } },
    command: ['node', '{program}/apply.cjs'],
    environment: { PLAN: file(planFile) },
    secrets: {
      ADMIN_PASSWORD: { passwordOf: 'database-admin' },
      DATABASE_URL: { database: 'strata_migrator', direct: true },
      TENANT_LOGINS: { platform: 'tenant-logins' },
      ...Object.fromEntries(
        logins.map((role): [string, SecretSource] => [
          `${role.toUpperCase()}_PASSWORD`,
          { passwordOf: role },
        ]),
      ),
      ...Object.fromEntries(
        vendorNames.map((vendor): [string, SecretSource] => [
          `${vendorRole(vendor).toUpperCase()}_URL`,
          { vendor },
        ]),
      ),
    },
    files: { [planFile]: JSON.stringify(contents) },
    user: '1000:1000',
    resources: { memory: '512M' },
    needs: ['database'],
    timeoutSeconds: 600,
  };
}
