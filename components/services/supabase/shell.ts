import { secretFile } from '../paths';

/**
 * What starts an image that reads variables only: a shell fills them from the secrets' files, so that they stand in no
 * description of a container. `program` is the image's own entry point with its command.
 */
export function startWith(secrets: readonly string[], program: string): readonly [string] {
  const lines = secrets.map((name) => `${name}=$(cat ${secretFile(name)}); export ${name}`);
  return [['set -e', ...lines, `exec ${program}`].join('\n')];
}
