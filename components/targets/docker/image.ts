import * as docker from '@pulumi/docker';
import * as pulumi from '@pulumi/pulumi';
import { Image } from '../../../provider/sdk';
import { image as catalogueImage } from '../../services/images';
import type { Service } from '../../services/service';
import { programContext, writeContext } from '../context';
import type { Engine } from './site';

/** The image of a service: pulled when the engine lacks it, or built from our program or from a folder of the project. */
export function image(
  engine: Engine,
  service: Service,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const name = `image-${service.name}`;
  if (service.image !== undefined) {
    const args = { name: service.image, keepLocally: true };
    return new docker.RemoteImage(name, args, { ...opts, provider: engine.provider }).imageId;
  }
  const args = {
    ...(engine.host !== undefined && { host: engine.host }),
    repository: `strata/${service.name}`,
    ...(service.build ?? programBuild(engine, service)),
  };
  return new Image(name, args, opts).reference;
}

/** The folder of a program is written at each run, so what was edited is what is built. */
function programBuild(engine: Engine, service: Service): { context: string; base: string } {
  if (!service.program)
    throw new Error(`service ${service.name} has nothing to make an image from`);
  const base = catalogueImage(engine.settings, 'node');
  const folder = `.strata/build/${pulumi.getStack()}/${service.name}`;
  writeContext(programContext(service, base), folder);
  return { context: folder, base };
}
