import { command } from './command';
import { rollout } from './rollout';
import { serverImage } from './server-image';

export const aws = {
  'strata:aws:Command': command,
  'strata:aws:Rollout': rollout,
  'strata:aws:ServerImage': serverImage,
};
