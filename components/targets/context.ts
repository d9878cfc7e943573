import { rmSync } from 'node:fs';
import path from 'node:path';
import { standalone } from '../../engine/loader';
import { root } from '../../engine/root';
import { givenEntries, writeEntries } from '../../provider/docker/context';
import { containerPaths, type Service } from '../services/service';

/** Texts of a folder that an image is built from, by relative name. */
type Context = Readonly<Record<string, string>>;

/** What the image of one of our programs is built from: the Node image, the bundled program, and nothing else. */
export function programContext(service: Service, nodeImage: string): Context {
  const entries = Object.entries(service.program?.entries ?? {});
  return {
    Dockerfile: dockerfile(service, nodeImage),
    ...Object.fromEntries(
      entries.map(([name, entry]) => [path.posix.join('program', name), standalone(entry)]),
    ),
  };
}

/** Writes a context below `folder` of the project, in the place of what was there. */
export function writeContext(context: Context, folder: string): void {
  const place = path.resolve(root, folder);
  rmSync(place, { recursive: true, force: true });
  writeEntries(givenEntries(context), place);
}

/** A volume takes its owner from the folder of the image that it covers, so each is made for the user. */
function dockerfile({ user = '1000:1000', volumes = {} }: Service, nodeImage: string): string {
  const folders = Object.keys(volumes);
  const own = folders.map((folder) => `mkdir -p ${folder} && chown ${user} ${folder}`);
  return [
    `FROM ${nodeImage}`,
    ...(own.length > 0 ? [`RUN ${own.join(' && ')}`] : []),
    `COPY program ${containerPaths.program}`,
    `WORKDIR ${containerPaths.program}`,
    `USER ${user}`,
    '',
  ].join('\n');
}
