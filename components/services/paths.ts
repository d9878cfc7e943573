import { containerPaths } from './service';

/** Where a service finds one of its files in its container. */
export function file(name: string): string {
  return `${containerPaths.files}/${name}`;
}

/** Where it finds the value of one of its secrets. */
export function secretFile(name: string): string {
  return `${containerPaths.secrets}/${name}`;
}
