import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../../engine/root';
import type { Settings } from '../../settings/schema';
import type { Workload } from '../service';
import { databaseImage } from './image';
import { file } from '../paths';
import { databasePaths, postgresUser } from './paths';
import { bucketJobName, ownStore } from './place';
import {
  backupEnvironment,
  configurationFile,
  renderRepository,
  type Repository,
} from './repository';

const port = 9854;

/**
 * pgBackRest beside the database, on its volume and its socket: a full backup each week and at first, what differs
 * from it each day, encrypted, to a bucket or onto the volume itself.
 *
 * Healthy while the last attempt worked, and from when the cluster's log arrives: a deployment does not wait for the
 * first backup, which may take hours, and names this service where none could be made. Its figures
 * (`strata_backup_timestamp_seconds`, `strata_backup_full_timestamp_seconds`, `strata_backup_failing`) stand at
 * `backup:9854/metrics`. Idle it costs a shell; while it backs up, two processes that compress.
 */
export function backup(settings: Settings, place: Repository | 'volume'): Workload {
  const { hour, fullOn } = settings.database.backup;
  return {
    kind: 'workload',
    name: 'backup',
    ...databaseImage(settings),
    entrypoint: ['bash', file('backup.sh')],
    environment: { ...backupEnvironment, HOUR: String(hour), FULL_ON: fullOn },
    secrets: {},
    files: {
      [configurationFile]: renderRepository(settings.database.backup, place),
      'backup.sh': script('backup.sh'),
      'figures.pl': script('figures.pl'),
    },
    volumes: { [databasePaths.home]: 'database' },
    scratch: ['/tmp'],
    user: postgresUser,
    resources: { memory: '512M' },
    needs: ['database', ...(place === ownStore ? [bucketJobName] : [])],
    port,
    healthCommand: ['test', '-e', '/tmp/backup/healthy'],
    metrics: { port, path: '/metrics' },
    readsSchema: false,
    routes: {},
    replicas: 1,
  };
}

function script(name: string): string {
  return readFileSync(path.join(root, 'components/services/database', name), 'utf8');
}
