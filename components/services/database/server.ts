import type { Settings } from '../../settings/schema';
import type { Workload } from '../service';
import { serverSettings, renderConfiguration } from './configuration';
import { renderHba } from './hba';
import { databaseImage } from './image';
import { optionalConnections } from './optional';
import { file } from '../paths';
import { databasePaths, postgresUser } from './paths';
import {
  backupEnvironment,
  configurationFile,
  renderRepository,
  type BackupPlace,
} from './repository';

/** The name under which the server is found, and which its certificate carries. */
const name = 'database';

/**
 * Postgres on the volume `database`, with every setting computed from `strata:database`.
 *
 * TLS 1.2 or newer and SCRAM for whoever comes by network; its log goes to the place of the backups as it is written. Healthy when
 * it answers a query. Costs `strata:database.memory`
 * at its worst. Takes settings that `memoryProblems` finds nothing wrong with.
 */
export function databaseServer(settings: Settings, place: BackupPlace = 'volume'): Workload {
  const { database } = settings;
  return {
    kind: 'workload',
    name,
    ...databaseImage(settings),
    entrypoint: ['sh', '-c', start],
    environment: {
      ...(place !== 'none' && backupEnvironment),
      PGDATA: databasePaths.data,
    },
    secrets: {
      POSTGRES_PASSWORD: { passwordOf: 'database-admin' },
      TLS_CERTIFICATE: { certificate: name, part: 'certificate' },
      TLS_KEY: { certificate: name, part: 'key' },
    },
    files: {
      'postgresql.conf': renderConfiguration(
        serverSettings(database, place !== 'none', optionalConnections(settings)),
      ),
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
    metrics: { exporter: 'postgres-exporter' },
    readsSchema: false,
    routes: {},
    replicas: 1,
    // A checkpoint of everything in shared_buffers; the image's stop signal lets transactions go.
    stopGraceSeconds: 60,
  };
}

const initdb = [
  `initdb --pgdata="$PGDATA.new" --username=postgres --pwfile="$POSTGRES_PASSWORD_FILE"`,
  // As on target embedded: order by code points, which no update of the system's library changes.
  '--data-checksums --encoding=UTF8 --locale=C.UTF-8 --auth-host=scram-sha-256 --auth-local=peer',
].join(' ');

// The image's own script leaves the admin's password in the environment of the server, and a cluster that was
// interrupted while it was made half done: here it gets its name when it is complete.
// A server that was killed leaves the number of its process in its locks. In the next container another program may have
// this number, and Postgres would take it for a server that still runs: it leaves its grandparent out of that question.
const start = `set -e
mkdir -p -m 0700 ${databasePaths.sockets} ${databasePaths.repository}
if [ ! -e "$PGDATA" ]; then
  rm -rf "$PGDATA.new"
  ${initdb}
  mv "$PGDATA.new" "$PGDATA"
fi
if [ -e "$PGDATA/postmaster.pid" ]; then
  PG_GRANDPARENT_PID=$(head -n 1 "$PGDATA/postmaster.pid")
  export PG_GRANDPARENT_PID
fi
exec postgres -c config_file=${file('postgresql.conf')} -c hba_file=${file('pg_hba.conf')}`;

const healthy = `test "$(psql -XAtqU postgres -c 'select 1')" = 1`;
