import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** What a command in a container said. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why containers cannot be started here; nothing when they can. Root alone can give files to a container's user. */
export function noContainers(...images: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'files for containers need root';
  try {
    for (const image of images) {
      execFileSync('docker', ['image', 'inspect', image], { stdio: 'ignore' });
    }
    return undefined;
  } catch {
    return `no Docker engine with the images ${images.join(', ')}`;
  }
}

/** Runs `docker` and gives back what it printed, also when it failed. */
export async function docker(...args: readonly string[]): Promise<Said> {
  try {
    const { stdout, stderr } = await execute('docker', args, { maxBuffer: 64 * 1024 * 1024 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const failed = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof failed.code !== 'number') throw error;
    return { code: failed.code, stdout: failed.stdout ?? '', stderr: failed.stderr ?? '' };
  }
}

/** Runs `docker` and gives back its output; throws when it failed. */
export async function must(...args: readonly string[]): Promise<string> {
  const said = await docker(...args);
  if (said.code !== 0) throw new Error(`docker ${String(args[0])} failed: ${said.stderr}`);
  return said.stdout;
}
