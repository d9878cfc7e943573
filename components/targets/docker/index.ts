import * as random from '@pulumi/random';
import { DockerVolume } from '../../../provider/sdk';
import { image } from '../../services/images';
import type { Settings } from '../../settings/schema';
import { oneByOne } from '../one-by-one';
import type { PasswordShape, Target } from '../target';
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
    password: (name, shape, opts) =>
      new random.RandomPassword(name, { length: shape.length, ...alphabets[shape.alphabet] }, opts)
        .result,
    volume(name, owner, opts) {
      const helper = image(settings, 'node');
      const args = { volume: engineName(name), owner, image: helper, ...at(host) };
      const resource = new DockerVolume(name, args, opts);
      return { resource, location: resource.volume };
    },
    deploy: (deployment, opts) =>
      oneByOne(new DockerSite('site', settings, opts), deployment, opts),
  };
}

const alphabets: Readonly<Record<PasswordShape['alphabet'], object>> = {
  letters: { special: false },
  // The plugin has no hexadecimal alphabet; as the only special characters the digits make one.
  hex: {
    special: true,
    overrideSpecial: '0123456789abcdef',
    lower: false,
    upper: false,
    numeric: false,
  },
};

function at(host: string | undefined): { host?: string } {
  return host === undefined ? {} : { host };
}
