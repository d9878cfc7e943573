import path from 'node:path';
import { root } from '../../../engine/root';
import { folderEntries, givenEntries, type Entry } from '../../../provider/docker/context';
import type { Service } from '../../services/service';
import { programContext } from '../context';

/** What the images of a bundle are built from, by service: the same that target docker sends to the engine. */
export function buildContexts(
  services: readonly Service[],
  nodeImage: string,
): Readonly<Record<string, readonly Entry[]>> {
  const contexts = services.flatMap((service) => {
    const entries = contextOf(service, nodeImage);
    return entries ? [[service.name, entries] as const] : [];
  });
  return Object.fromEntries(contexts);
}

/** Nothing for an image that is pulled. */
function contextOf(service: Service, nodeImage: string): Entry[] | undefined {
  const { program, build } = service;
  if (program) return givenEntries(programContext(service, nodeImage));
  return (
    build && folderEntries(path.resolve(root, build.context), build.dockerfile ?? 'Dockerfile')
  );
}
