import type { Service } from '../../services/service';
import { secretsOf, segmentsOf, type Segment } from '../files';
import { runFolder, variablesFile } from './names';

/** A service's files and secrets in pieces, by the name that they have beside compose.yaml. */
export function runFiles(service: Service): Readonly<Record<string, readonly Segment[]>> {
  const folder = runFolder(service.name);
  const files = Object.entries(service.files).map(([name, content]) => [
    `${folder}/files/${name}`,
    segmentsOf(content),
  ]);
  const secrets = Object.entries(secretsOf(service)).map(([name, source]) => [
    `${folder}/secrets/${name}`,
    [source],
  ]);
  const variables = Object.entries(service.secretEnvironment ?? {}).flatMap(([name, value]) => [
    `${name}=`,
    ...('template' in value ? segmentsOf(value) : [value]),
    '\n',
  ]);
  const own = variables.length > 0 ? [[variablesFile(service.name), variables]] : [];
  return Object.fromEntries([...files, ...secrets, ...own] as [string, Segment[]][]);
}
