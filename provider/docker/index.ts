import { files } from './files';
import { image } from './image';
import { job } from './job';
import { machine } from './machine';
import { ready } from './ready';
import { volume } from './volume';

export const docker = {
  'strata:docker:Files': files,
  'strata:docker:Image': image,
  'strata:docker:Job': job,
  'strata:docker:Machine': machine,
  'strata:docker:Ready': ready,
  'strata:docker:Volume': volume,
};
