import { authority } from './authority';
import { certificate } from './certificate';

export const tls = {
  'strata:tls:Authority': authority,
  'strata:tls:Certificate': certificate,
};
