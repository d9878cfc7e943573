import type { Settings } from '../../settings/schema';
import { bytesOf } from '../../settings/sizes';
import { image } from '../images';
import { file } from '../paths';
import type { Workload } from '../service';

/** Where the storage service finds it. */
export const scanner = {
  name: 'clamav',
  port: 3310,
  /** A scan ends after two minutes, and a reload of the signatures comes before it; seconds. */
  seconds: 240,
} as const;

const signatures = '/var/lib/clamav';

/**
 * ClamAV: searches uploads for viruses, and looks every two hours for new signatures at database.clamav.net, to
 * which it must have a way. It starts with those of its image, or loads all of them once.
 *
 * Whoever reaches the port may ask it anything, end it too: nothing but the platform's own network does, and while it is
 * away no upload is taken. Costs 3 GB of memory, up to a minute until it is ready, and a volume of about 1 GB with room
 * for the files that are searched at the same time.
 *
 * Facts (read 2026-11-22): port, `clamdcheck.sh`, uid 100 and gid 101, and no other way to write than the volume in
 * clamav/1.5/alpine/Dockerfile and scripts/clamdcheck.sh of Cisco-Talos/clamav-docker at 2537298c and 2e327874; 3 GiB
 * at least: docs.clamav.net/manual/Installing/Docker.html; options: clamd.conf(5), freshclam.conf(5) of 1.4. Its entry
 * point is not used: it keeps a container going whose clamd has ended. Tried with Debian's 1.4.6, without the image.
 */
export function clamav(settings: Settings): Workload {
  return {
    kind: 'workload',
    name: scanner.name,
    image: image(settings, 'clamav'),
    entrypoint: ['/bin/sh'],
    command: [file('start.sh')],
    environment: {},
    secrets: {},
    files: {
      'start.sh': start,
      'clamd.conf': clamdConfiguration(bytesOf(settings.storage.maxFileSize)),
      'freshclam.conf': freshclamConfiguration,
    },
    volumes: { [signatures]: 'signatures' },
    scratch: ['/tmp'],
    user: '100:101',
    resources: { memory: '3G' },
    needs: [],
    port: scanner.port,
    healthCommand: ['clamdcheck.sh'],
    metrics: {
      none: 'clamd has none; `storage` counts what it finds, and each time that it does not answer',
    },
    readsSchema: false,
    routes: {},
    replicas: 1,
  };
}

/** What clamd itself lets a file have, unpacked; and the most of one file that it can read. */
const usualBytes = bytesOf('400M');
const mostBytes = bytesOf('2047M');

const scanFolder = `${signatures}/scan`;

/** What a scan of before has left is what somebody uploaded; without signatures clamd does not start. */
const start = `set -eu
rm -rf ${scanFolder}
mkdir -m 0700 ${scanFolder}
if [ ! -e ${signatures}/main.cvd ] && [ ! -e ${signatures}/main.cld ]; then
  freshclam --config-file=${file('freshclam.conf')}
fi
while :; do freshclam --config-file=${file('freshclam.conf')}; sleep 7200; done &
exec clamd --config-file=${file('clamd.conf')}
`;

/**
 * A file that is larger than one of the limits would pass unsearched, and be called clean: so each is at least what an
 * upload may have, and what is packed in a file and exceeds them counts as found. Scans wait while signatures are loaded
 * anew, which else takes twice the memory. Files that are searched stand in the volume, where they are no memory.
 */
export function clamdConfiguration(fileBytes: number): string {
  const packedBytes = Math.max(usualBytes, 2 * fileBytes);
  return `Foreground yes
TCPSocket ${scanner.port}
DatabaseDirectory ${signatures}
TemporaryDirectory ${scanFolder}
StreamMaxLength ${fileBytes}
MaxFileSize ${Math.min(packedBytes, mostBytes)}
PCREMaxFileSize ${fileBytes}
MaxScanSize ${packedBytes}
AlertExceedsMax yes
ConcurrentDatabaseReload no
`;
}

/** clamd looks for what is new itself, every ten minutes. */
const freshclamConfiguration = `DatabaseDirectory ${signatures}
DatabaseMirror database.clamav.net
`;
