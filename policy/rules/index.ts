import type { Rule } from '../rule';
import { backups } from './backups';
import { buckets } from './buckets';
import { cacheUsers } from './cache-users';
import { databaseTls } from './database-tls';
import { distributions } from './distributions';
import { doors } from './doors';
import { encryption } from './encryption';
import { functions } from './functions';
import { iam } from './iam';
import { kept } from './kept';
import { listeners } from './listeners';
import { servers } from './servers';
import { tags } from './tags';

/** All rules, topic by topic. */
export const rules: readonly Rule[] = [
  ...encryption,
  ...buckets,
  ...doors,
  ...listeners,
  ...distributions,
  ...databaseTls,
  ...cacheUsers,
  ...servers,
  ...functions,
  ...kept,
  ...backups,
  ...iam,
  ...tags,
];
