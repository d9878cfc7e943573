import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Problem } from './errors';
import type { Examined } from './examine';
import { showKey, showText } from './show';

/** Folders and files that the settings name and that are not there; `root` is the project's folder. */
export function missingFiles({ settings, readable }: Examined, root: string): Problem[] {
  return [
    ...(readable('app') ? application(settings.app, root) : []),
    ...(readable('customServices') && readable('target') && settings.target === 'embedded'
      ? Object.entries(settings.customServices).flatMap(([name, { workdir }]) =>
          workdir === undefined || isFolder(path.resolve(root, workdir))
            ? []
            : [missing(['customServices', name, 'workdir'], workdir, root)],
        )
      : []),
  ];
}

function application(app: string, root: string): Problem[] {
  const folder = path.resolve(root, app);
  if (!isFolder(folder)) return [missing(['app'], app, root)];
  if (existsSync(path.join(folder, 'tenancy.ts'))) return [];
  return [
    {
      key: showKey(['app']),
      reason: 'names a folder without tenancy.ts, the declaration of its tables',
      received: showText(app),
      advice: `Write ${showText(path.join(app, 'tenancy.ts'))}, or name the folder that has it.`,
    },
  ];
}

function missing(keyPath: readonly string[], folder: string, root: string): Problem {
  return {
    key: showKey(keyPath),
    reason: 'names a folder that is not there',
    received: showText(folder),
    allowed: `a folder, relative to ${root}`,
  };
}

function isFolder(name: string): boolean {
  try {
    return statSync(name).isDirectory();
  } catch {
    return false;
  }
}
