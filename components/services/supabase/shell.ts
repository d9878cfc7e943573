import { file, secretFile } from '../paths';

/** Names of variables: of secrets, and of files that hold what a variable is to be. */
interface Read {
  readonly secrets: object;
  readonly files?: object;
}

/**
 * What starts an image that reads variables only: a shell fills them from files, so that they stand in no description of
 * a container. `program` is the image's own entry point with its command.
 */
export function startWith(program: string, { secrets, files = {} }: Read): readonly [string] {
  const lines = [
    ...Object.keys(secrets).map((name) => line(name, secretFile(name))),
    ...Object.keys(files).map((name) => line(name, file(name))),
  ];
  return [['set -e', ...lines, `exec ${program}`].join('\n')];
}

function line(name: string, path: string): string {
  return `${name}=$(cat ${path}); export ${name}`;
}
