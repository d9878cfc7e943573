import { version } from '../package.json';
import { database } from './database';
import { serve } from './host/server';
import { local } from './local';
import { secrets } from './secrets';
import { table } from './tenancy/table';

serve({
  name: 'strata',
  version,
  resources: { ...database, ...local, ...secrets, 'strata:tenancy:Table': table },
});
