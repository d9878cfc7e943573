import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { CustomService } from './custom';
import type { Problem } from './errors';
import type { Examined } from './examine';
import { showKey, showText } from './show';

/** Folders and files that the settings name and that are not there; `root` is the project's folder. */
export function missingFiles(
  { settings, readable }: Pick<Examined, 'settings' | 'readable'>,
  root: string,
): Problem[] {
  return [
    ...(readable('app') ? application(settings.app, root) : []),
    ...(readable('customServices') && readable('target')
      ? Object.entries(settings.customServices).flatMap(([name, service]) =>
          settings.target === 'embedded'
            ? workingFolder(name, service, root)
            : buildFiles(name, service, root),
        )
      : []),
  ];
}

function workingFolder(name: string, { workdir }: CustomService, root: string): Problem[] {
  if (workdir === undefined || isFolder(path.resolve(root, workdir))) return [];
  return [missing(['customServices', name, 'workdir'], workdir, root)];
}

function buildFiles(name: string, { build }: CustomService, root: string): Problem[] {
  if (build === undefined) return [];
  const at = ['customServices', name, 'build'];
  const folder = path.resolve(root, build.context);
  if (!isFolder(folder)) return [missing([...at, 'context'], build.context, root)];
  const { dockerfile = 'Dockerfile' } = build;
  if (existsSync(path.join(folder, dockerfile))) return [];
  return [
    {
      key: showKey([...at, 'dockerfile']),
      reason: 'names a file that is not there',
      received: showText(dockerfile),
      allowed: `a file in ${folder}`,
    },
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
