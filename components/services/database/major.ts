import type { Problem } from '../../settings/errors';
import type { Settings } from '../../settings/schema';
import { showKey } from '../../settings/show';
import type { Job } from '../service';
import { databaseImage } from './image';
import { databasePaths, postgresUser } from './paths';

/**
 * Why an image of major `image` cannot run on a data directory of major `data`; nothing where it can, or where there
 * is no data yet (`undefined`).
 */
export function majorProblem(data: number | undefined, image: number): Problem | undefined {
  if (data === undefined || data === image) return undefined;
  return {
    key: showKey(['images', 'override', 'postgres']),
    reason: `is Postgres ${image}, but the data were written by Postgres ${data}`,
    received: String(image),
    allowed: String(data),
    advice: `Go back to an image of Postgres ${data}; nothing was stopped or changed.`,
  };
}

/**
 * Fails when the image's major is not the one that wrote the data directory, before the running server is touched:
 * a container of the new image reads one file of the volume beside it. A new volume is fine.
 */
export function databaseMajorCheck(settings: Settings): Job {
  return {
    kind: 'job',
    name: 'database-major',
    ...databaseImage(settings),
    entrypoint: ['sh', '-c', check],
    environment: {},
    secrets: {},
    files: {},
    volumes: { [databasePaths.home]: 'database' },
    user: postgresUser,
    needs: [],
    timeoutSeconds: 60,
  };
}

const check = `
version=${databasePaths.data}/PG_VERSION
[ -s "$version" ] || exit 0
data=$(cat "$version")
image=$(postgres --version | sed 's/[^0-9]*\\([0-9]*\\).*/\\1/')
[ "$data" = "$image" ] && exit 0
echo "The image is Postgres $image, but the data were written by Postgres $data. Go back to an image of Postgres $data; nothing was stopped or changed." >&2
exit 1
`;
