import { command } from './command';
import { rollout } from './rollout';

export const aws = {
  'strata:aws:Command': command,
  'strata:aws:Rollout': rollout,
};
