import { login } from './login';
import { migration } from './migration';
import { databaseServer } from './server';
import { tenant } from './tenant';

export const database = {
  'strata:database:Login': login,
  'strata:database:Migration': migration,
  'strata:database:Server': databaseServer,
  'strata:database:Tenant': tenant,
};
