import { login } from './login';
import { migration } from './migration';
import { tenant } from './tenant';

export const database = {
  'strata:database:Login': login,
  'strata:database:Migration': migration,
  'strata:database:Tenant': tenant,
};
