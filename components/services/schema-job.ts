import { wantedTenants } from '../data/tenants';
import type { Plan } from '../plan';
import { extensionStatements } from './database/extensions';
import type { SchemaPlan } from './images/schema/plan';
import { file } from './paths';
import type { Job, LoginRole, SecretSource } from './service';
import type { Settings } from '../settings/schema';
import { chosenVendors, vendorRole, vendors } from './vendors';

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
  settings: Pick<Settings, 'preset' | 'services' | 'tenancy' | 'database'>,
): Job {
  const { tenancy } = settings;
  const ofVendors = chosenVendors(settings);
  const contents: SchemaPlan = {
    setup: extensionStatements(settings),
    migrations,
    logins,
    vendors: ofVendors.map((vendor) => ({
      becomes: [],
      ...vendors[vendor],
      name: vendorRole(vendor),
    })),
    tenants: wantedTenants(tenancy),
    fences,
    tenancy: plan,
    unknownTables: tenancy.unknownTables,
    schemaVersion,
  };
  return {
    kind: 'job',
    name: schemaJobName,
    program: { entries: { 'apply.cjs': 'components/services/images/schema/apply.ts' } },
    command: ['node', '{program}/apply.cjs'],
    environment: { PLAN: file(planFile), DATABASE_HOST: 'database' },
    secrets: {
      ADMIN_PASSWORD: { passwordOf: 'database-admin' },
      AUTHORITY: { authority: 'certificate' },
      TENANT_LOGINS: { platform: 'tenant-logins' },
      ...Object.fromEntries(
        logins.map((role): [string, SecretSource] => [
          `${role.toUpperCase()}_PASSWORD`,
          { passwordOf: role },
        ]),
      ),
      ...Object.fromEntries(
        ofVendors.map((vendor): [string, SecretSource] => [
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
