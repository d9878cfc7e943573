import { job } from './job';
import { postgres } from './postgres';
import { processResource } from './process';
import { volume } from './volume';

export const local = {
  'strata:local:Job': job,
  'strata:local:Postgres': postgres,
  'strata:local:Process': processResource,
  'strata:local:Volume': volume,
};
