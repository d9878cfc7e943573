import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../../../engine/root';
import { givenEntries, type Entry } from '../../../../provider/docker/context';
import type { Service, VolumeContent } from '../../../services/service';
import { madeAnew } from '../../../tiers/placement';
import { buildContexts } from '../../compose/contexts';
import { composeFile } from '../../compose/render';
import { runFiles } from '../../compose/run-files';
import { valueName } from './values';

/** What a group's servers run, without a value that is secret. */
export interface BundleArgs {
  readonly stack: string;
  readonly services: readonly Service[];
  readonly schemaVersion: string;
  readonly nodeImage: string;
}

const programFolder = 'components/targets/aws/release/server';

/**
 * The files of a release: `compose.yaml`, `templates.json`, the folders that images are built from, and the program that
 * runs all this on the server. That comes with every release, so a server that lives for years has none that is old.
 */
export function bundleEntries(args: BundleArgs): Entry[] {
  const { services, nodeImage } = args;
  const texts = {
    'compose.yaml': serverCompose(args),
    'templates.json': `${JSON.stringify(templates(services), null, 2)}\n`,
    ...serverProgram(),
  };
  const contexts = Object.entries(buildContexts(services, nodeImage)).flatMap(
    ([service, entries]) =>
      entries.map((entry) => ({ ...entry, name: `build/${service}/${entry.name}` })),
  );
  return [...givenEntries(texts), ...contexts];
}

/** Contents of volumes of these services that outlive their server. */
export function keptContents(services: readonly Service[]): VolumeContent[] {
  const all = services.flatMap(({ volumes = {} }) => Object.values(volumes));
  return [...new Set(all)].filter((content) => !madeAnew.includes(content)).sort();
}

/**
 * Compose's file with variables for what only the server knows. A volume's folder is below the one that its disk is
 * mounted on: where no disk is mounted there is none, and what would start on an empty folder does not start.
 */
function serverCompose(args: BundleArgs): string {
  const kept = keptContents(args.services);
  return composeFile({
    ...args,
    revision: (service) => `\${${revisionVariable(service)}}`,
    folders: {
      files: (service) => `\${STRATA_FILES}/${service}`,
      data: (content) => (kept.includes(content) ? `\${STRATA_DATA}/${content}/data` : undefined),
    },
  });
}

/** What the server fills: the files of each service, and the variable of Compose that tells when they have changed. */
function templates(services: readonly Service[]): object {
  const filled = services.flatMap((service) => {
    const files = Object.entries(runFiles(service)).map(([name, segments]) => [
      name,
      segments.map((piece) => (typeof piece === 'string' ? piece : { value: valueName(piece) })),
    ]);
    if (files.length === 0) return [];
    const { name } = service;
    const revision = revisionVariable(name);
    return [[name, { revision, files: Object.fromEntries(files) as object }] as const];
  });
  return Object.fromEntries(filled);
}

/** No service has an underscore in its name, so no two have the same variable. */
function revisionVariable(service: string): string {
  return `REVISION_${service.toUpperCase().replaceAll('-', '_')}`;
}

function serverProgram(): Record<string, string> {
  const folder = path.join(root, programFolder);
  const names = readdirSync(folder).filter((name) => name.endsWith('.py'));
  return Object.fromEntries(
    names.map((name) => [`server/${name}`, readFileSync(path.join(folder, name), 'utf8')]),
  );
}
