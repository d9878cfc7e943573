import type { Settings } from '../../settings/schema';
import type { Workload } from '../service';
import { serverSettings, renderConfiguration } from './configuration';
import { renderHba } from './hba';
import { databaseImage } from './image';
import { databasePaths, file, postgresUser } from './paths';
import {
  backupEnvironment,
  configurationFile,
  renderRepository,
  repositoryAuthority,
  type BackupPlace,
} from './repository';

/** The name under which the server is found, and which its certificate carries. */
const name = 'database';

/**
 * Postgres on the volume `database`, with every setting computed from `strata:database`.
 *
 * TLS 1.2 or newer and SCRAM for whoever comes by network; its log goes to the place of the backups as it is written. Healthy when
 * it listens on the network, which the image's first start does not, and answers a query. Costs `strata:database.memory`
 * at its worst. Takes settings that `memoryProblems` finds nothing wrong with.
 */
export function databaseServer(settings: Settings, place: BackupPlace = 'volume'): Workload {
  const { database, preset } = settings;
  return {
    kind: 'workload',
    name,
    ...databaseImage(settings),
    command: ['sh', '-c', start],
    environment: {
      ...backupEnvironment,
      PGDATA: databasePaths.data,
      // As on target embedded: order by code points, which no update of the system's library changes.
      POSTGRES_INITDB_ARGS:
        '--data-checksums --encoding=UTF8 --locale=C.UTF-8 --auth-host=scram-sha-256 --auth-local=peer',
    },
    secrets: {
      POSTGRES_PASSWORD: { passwordOf: 'database-admin' },
      TLS_CERTIFICATE: { certificate: name, part: 'certificate' },
      TLS_KEY: { certificate: name, part: 'key' },
      ...repositoryAuthority(place),
    },
    files: {
      'postgresql.conf': renderConfiguration(serverSettings(database, preset, place !== 'none')),
      'pg_hba.conf': renderHba(),
      ...(place !== 'none' && { [configurationFile]: renderRepository(database.backup, place) }),
    },
    volumes: { [databasePaths.home]: 'database' },
    // Parallel queries share memory in /dev/shm, where Docker gives 64 MB.
    scratch: ['/tmp', '/var/run/postgresql', '/dev/shm'],
    user: postgresUser,
    resources: { memory: database.memory },
    needs: [],
    port: 5432,
    healthCommand: ['sh', '-c', healthy],
    readsSchema: false,
    routes: {},
    replicas: 1,
    // A checkpoint of everything in shared_buffers; the image's stop signal lets transactions go.
    stopGraceSeconds: 60,
  };
}

const start = [
  `mkdir -p -m 0700 ${databasePaths.sockets} ${databasePaths.repository}`,
  `exec docker-entrypoint.sh postgres -c config_file=${file('postgresql.conf')} -c hba_file=${file('pg_hba.conf')}`,
].join(' && ');

// The image's first start, which makes the cluster, listens nowhere.
const healthy = `test "$(psql -XAtqU postgres -c "select current_setting('listen_addresses') <> ''")" = t`;
