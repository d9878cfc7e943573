import { version } from '../package.json';
import { database } from './database';
import { docker } from './docker';
import { serve } from './host/server';
import { local } from './local';
import { secrets } from './secrets';
import { table } from './tenancy/table';
import { tls } from './tls';

serve({
  name: 'strata',
  version,
  resources: {
    ...database,
    ...docker,
    ...local,
    ...secrets,
    ...tls,
    'strata:tenancy:Table': table,
  },
});
