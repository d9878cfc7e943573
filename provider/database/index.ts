import { appliedMigration } from './applied-migration';
import { login } from './login';
import { migration } from './migration';
import { databaseServer } from './server';
import { tenant } from './tenant';
import { vendorDatabase } from './vendor';

export const database = {
  'strata:database:AppliedMigration': appliedMigration,
  'strata:database:Login': login,
  'strata:database:Migration': migration,
  'strata:database:Server': databaseServer,
  'strata:database:Tenant': tenant,
  'strata:database:Vendor': vendorDatabase,
};
