import type { SessionsConfig } from './config';
import type { Dialect } from './dialect';
import { gotrue } from './gotrue';
import { hasuraAuth } from './hasura-auth';

export function dialectOf(kind: SessionsConfig['upstream']['kind']): Dialect {
  return kind === 'gotrue' ? gotrue : hasuraAuth;
}
