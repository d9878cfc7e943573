import path from 'node:path';
import { z } from 'zod';
import type { Problem } from '../host/resource';

const longestName = 255;
/** A volume of files is configuration; what is larger belongs into an image or a data volume. */
const mostBytes = 8 * 1024 * 1024;

/** A file's place below a folder: `nginx/nginx.conf`. Nothing that leaves the folder, and no second spelling of a place. */
export const relativePath = z
  .string()
  .refine(
    (name) => isTidy(name) && !name.startsWith('/'),
    'must be a relative path without . or .. such as nginx/nginx.conf',
  );

/** A place in a container: `/run/strata`. */
export const containerPath = z
  .string()
  .refine(
    (name) => name.startsWith('/') && isTidy(name.slice(1)),
    'must be an absolute path without . or .. such as /run/strata',
  );

/** What is wrong with a set of files as a whole. */
export function fileProblems(files: Readonly<Record<string, string>>): Problem[] {
  const names = Object.keys(files);
  const folders = new Set(names.flatMap(foldersOf));
  const both = names.filter((name) => folders.has(name));
  const bytes = Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return [
    ...both.map((name) => ({
      property: 'files',
      reason: `files: ${name} is a file and a folder at once: give one another name`,
    })),
    ...(bytes > mostBytes
      ? [
          {
            property: 'files',
            reason: `files: they have ${bytes} bytes together, ${mostBytes} are allowed: put large ones into an image`,
          },
        ]
      : []),
  ];
}

/** `a/b/c` lies in `a` and `a/b`. */
export function foldersOf(name: string): string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function isTidy(name: string): boolean {
  return (
    // eslint-disable-next-line no-control-regex -- these are what must not be there
    !/[\u0000-\u001f\u007f\\]/.test(name) &&
    path.posix.normalize(name) === name &&
    name
      .split('/')
      .every(
        (part) =>
          part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= longestName,
      )
  );
}
