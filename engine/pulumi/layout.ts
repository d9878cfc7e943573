import os from 'node:os';
import path from 'node:path';

/** The version that Strata is proved with: what it installs, and the oldest that it accepts. */
export const pulumiVersion = '3.259.0';

/** File names of what a usable installation holds in `bin/`. */
export const executables = {
  cli: 'pulumi',
  languageHost: 'pulumi-language-nodejs',
} as const;

/** Where built or downloaded engines are kept, outside of the project: all clones share them. */
function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.STRATA_CACHE) return path.resolve(env.STRATA_CACHE);
  const base = env.XDG_CACHE_HOME
    ? path.resolve(env.XDG_CACHE_HOME)
    : path.join(os.homedir(), '.cache');
  return path.join(base, 'strata');
}

/** The folder of one installed engine; `bin/pulumi` is in it. */
export function installFolder(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(cacheFolder(env), `pulumi-${pulumiVersion}`);
}
