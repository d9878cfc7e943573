import { DockerVolume } from '../../../provider/sdk';
import { names } from '../../data/names';
import { image } from '../../services/images';
import type { Settings } from '../../settings/schema';
import { oneByOne } from '../one-by-one';
import { randomPassword } from '../password';
import type { Target } from '../target';
import { engineName } from './names';
import { DockerSite } from './site';

/**
 * One Docker engine, this machine's or another's over SSH: a network, a container for each replica, a volume for what
 * is kept. Only the gateway can be reached from other machines.
 */
export function docker(settings: Settings): Target {
  const { host } = settings.docker;
  return {
    name: 'docker',
    reach: 'direct',
    password: randomPassword,
    volume(content, owner, opts) {
      const name = names.volume(content, 1);
      const helper = image(settings, 'node');
      const args = { volume: engineName(name), owner, image: helper, ...at(host) };
      const resource = new DockerVolume(name, args, opts);
      return { resource, location: resource.volume };
    },
    deploy: (deployment, opts) =>
      oneByOne(new DockerSite('site', settings, opts), deployment, opts),
  };
}

function at(host: string | undefined): { host?: string } {
  return host === undefined ? {} : { host };
}
