import { version } from '../package.json';
import { aws } from './aws';
import { database } from './database';
import { docker } from './docker';
import { metadata } from './hasura/metadata';
import { serve } from './host/server';
import { local } from './local';
import { secrets } from './secrets';
import { audit } from './tenancy/audit';
import { declared } from './tenancy/declared';
import { places } from './tenancy/places';
import { shard } from './tenancy/shard';
import { table } from './tenancy/table';
import { template } from './tenancy/template';
import { tls } from './tls';

serve({
  name: 'strata',
  version,
  resources: {
    ...aws,
    ...database,
    ...docker,
    ...local,
    ...secrets,
    ...tls,
    'strata:hasura:Metadata': metadata,
    'strata:tenancy:Audit': audit,
    'strata:tenancy:Declared': declared,
    'strata:tenancy:Places': places,
    'strata:tenancy:Shard': shard,
    'strata:tenancy:Table': table,
    'strata:tenancy:Template': template,
  },
});
