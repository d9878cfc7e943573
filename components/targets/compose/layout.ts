import { names } from '../../data/names';
import { volumeOwners } from '../../plan';
import type { Service, VolumeContent } from '../../services/service';
import { helper } from './helper';
import { filesVolume, hasFiles } from './names';
import type { ComposeService } from './service';

/**
 * Runs before everything else: Compose can give neither files nor new volumes to the user of a container. It copies
 * each service's files into a volume of their own, readable by that user alone (0400), and gives him the folder of his
 * data. It may do that again at each start. It has no network.
 */
export function layoutService(services: readonly Service[], nodeImage: string): ComposeService {
  const withFiles = services.filter(hasFiles);
  const owners = Object.entries(volumeOwners(services));
  return helper(nodeImage, {
    user: '0:0',
    network_mode: 'none',
    // Files of other users are read, replaced and given away.
    cap_add: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'],
    volumes: [
      './run:/bundle:ro',
      ...withFiles.map(({ name }) => `${filesVolume(name)}:/files/${name}`),
      ...owners.map(([content]) => `${volumeName(content)}:/data/${content}`),
    ],
    entrypoint: ['sh', '-euc'],
    command: [
      [
        lay,
        ...withFiles.map(({ name, user = '0:0' }) => `lay ${name} ${user}`),
        ...owners.map(([content, owner]) => `chown ${owner} /data/${content}`),
      ].join('\n'),
    ],
  });
}

/** In the words of a shell, with Compose's own way to write a dollar. */
const lay = `lay() {
  find "/files/$$1" -mindepth 1 -delete
  cp -R "/bundle/$$1/." "/files/$$1/"
  chown -R "$$2" "/files/$$1"
  find "/files/$$1" -type f -exec chmod 0400 {} +
  find "/files/$$1" -type d -exec chmod 0500 {} +
}`;

function volumeName(content: string): string {
  return names.volume(content as VolumeContent, 1);
}
