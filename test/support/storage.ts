import { build } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from '../../engine/root';
import { signToken, type Session } from '../../components/services/images/shared/token';
import type { Rules } from '../../components/services/images/storage/rules';
import { garage } from '../../components/services/storage/garage';
import { tokens } from '../../components/services/tokens';
import { parseSettings } from '../../components/settings/read';
import { Containers } from './containers';
import { docker, noContainers } from './docker-cli';
import { freePort } from './ports';
import { until } from './until';

/** The object store of the lab; the pinned tag need not be on this machine. */
const garageImage = 'dxflrs/garage:v2.5.0';

export const noGarage = noContainers(garageImage);

export const jwtKey = 'k'.repeat(64);
export const master = 'm'.repeat(64);
export const adminToken = 'a'.repeat(40);

export interface Garage {
  readonly s3: string;
  readonly admin: string;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  remove(): Promise<void>;
}

/** The catalogue's own object store in a container, ready to be used. */
export async function startGarage(name: string): Promise<Garage> {
  const prefix = `t-storage-${name}-`;
  const containers = await Containers.create(prefix, (source) => {
    if (!('platform' in source)) throw new Error('only secrets of the platform are expected');
    return source.platform === 'storage-rpc' ? 'ab'.repeat(32) : adminToken;
  });
  const service = garage(parseSettings({}));
  // A target gives a volume to the service's user; here the image's own shell does it.
  const volume = `${prefix}storage`;
  const mounted = ['--user', '0', '--volume', `${volume}:/data`, garageImage];
  await docker('volume', 'rm', '--force', volume);
  await docker('run', '--rm', ...mounted, 'chown', '1000:1000', '/data');
  const remove = async (): Promise<void> => {
    await containers.remove();
    await docker('volume', 'rm', '--force', volume);
  };
  await containers.start(service, { image: garageImage });
  const container = containers.named(service.name);
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
  const address = (await docker('inspect', '--format', format, container)).stdout.trim();
  const admin = `http://${address}:3903`;
  try {
    await until(async () => (await fetch(`${admin}${service.health ?? ''}`)).status === 200);
  } catch (error) {
    const logs = await containers.logs(service.name);
    await remove();
    throw new Error(`Garage did not start: ${logs}`, { cause: error });
  }
  return {
    s3: `http://${address}:3900`,
    admin,
    pause: async () => {
      await docker('pause', container);
    },
    unpause: async () => {
      await docker('unpause', container);
    },
    remove,
  };
}

/** How the service is told of it. */
export function rulesOf({ s3, admin }: Garage): Rules['store'] {
  return { kind: 'garage', endpoint: s3, adminEndpoint: admin, region: 'garage' };
}

export interface Running {
  readonly url: string;
  readonly child: ChildProcess;
  /** Lines of its log. */
  readonly lines: string[];
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const small: Omit<Rules, 'store'> = {
  publicUrl: 'https://example.test',
  cdnUrl: 'https://cdn.example.test',
  mimeTypes: [
    'image/*',
    'text/*',
    'application/pdf',
    'application/json',
    'application/octet-stream',
  ],
  limits: {
    fileBytes: 2_000_000,
    tenantBytes: 20_000_000,
    tenantFiles: 1000,
    userBytes: 10_000_000,
    userFiles: 500,
  },
  uploadSeconds: 20,
  sweepSeconds: 3600,
  reconcileSeconds: 3600,
};

/** The service as a process of its own, bundled as a target bundles it. */
export async function startStorage(
  store: Rules['store'],
  databaseUrl: string,
  changed: Partial<Rules> = {},
): Promise<Running> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-storage-'));
  const program = path.join(folder, 'server.cjs');
  await build({
    entryPoints: [path.join(root, 'components/services/images/storage/server.ts')],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outfile: program,
    external: ['pg-native'],
    logLevel: 'error',
  });
  const secrets = {
    DATABASE_URL: databaseUrl,
    JWT_KEY: jwtKey,
    STORAGE_MASTER: master,
    STORAGE_ADMIN: adminToken,
    S3_ACCESS_KEY: 'nobody',
    S3_SECRET_KEY: 'nothing',
  };
  const files = Object.entries(secrets).map(([name, value]) => {
    const file = path.join(folder, name);
    writeFileSync(file, value, { mode: 0o400 });
    return [`${name}_FILE`, file] as const;
  });
  const port = await freePort();
  const rules: Rules = {
    ...small,
    store,
    ...changed,
  };
  const child = spawn(process.execPath, [program], {
    env: {
      ...Object.fromEntries(files),
      PORT: String(port),
      JWT_ISSUER: tokens.issuer,
      JWT_AUDIENCE: tokens.audience,
      STORAGE_RULES: JSON.stringify(rules),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => lines.push(...chunk.toString().split('\n')));
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${String(port)}`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the service ended: ${lines.join('\n')}`);
    return (await fetch(`${url}/healthz`)).status === 200;
  });
  return {
    url,
    child,
    lines,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function tokenFor(
  session: Omit<Session, 'scopes'> & { scopes?: readonly string[] },
  seconds = 600,
): Promise<string> {
  return signToken({ scopes: undefined, ...session }, Date.now() + seconds * 1000, {
    key: new TextEncoder().encode(jwtKey),
    ...tokens,
  });
}
