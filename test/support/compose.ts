import { execFileSync, spawnSync } from 'node:child_process';
import { parse } from 'yaml';

/** A service of compose.yaml, as far as tests look at it. */
export interface ComposedService {
  readonly [key: string]: unknown;
  readonly image?: string;
  readonly build?: { readonly context: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly volumes?: readonly (string | { readonly source: string; readonly target: string })[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly command?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly cpus?: number;
}

export interface Composed {
  readonly name: string;
  readonly services: Readonly<Record<string, ComposedService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export function parseCompose(text: string): Composed {
  return parse(text) as Composed;
}

/** The words that run Docker Compose 2 here; why not, printed once, when there is none. */
export function findCompose(): { words: readonly string[] } | { reason: string } {
  for (const words of [['docker', 'compose'], ['docker-compose']]) {
    const [program = '', ...rest] = words;
    const said = spawnSync(program, [...rest, 'version', '--short'], { encoding: 'utf8' });
    if (said.status === 0 && /^v?([2-9]|\d\d)\./.test(said.stdout.trim())) return { words };
  }
  const reason = 'neither "docker compose" nor "docker-compose" of version 2 or newer is here';
  process.stderr.write(`Tests with Docker Compose are skipped: ${reason}\n`);
  return { reason };
}

/** Runs Docker Compose in a bundle's folder and returns what it printed. */
export function compose(words: readonly string[], folder: string, ...args: string[]): string {
  const [program = '', ...rest] = words;
  return execFileSync(program, [...rest, ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
