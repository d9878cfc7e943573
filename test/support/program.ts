import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import example from '../../app/tenancy';
import { postgraphile } from '../../components/services/postgraphile';
import { tokens } from '../../components/services/tokens';
import { standalone } from '../../engine/loader';
import { freePort } from './ports';
import { jwtKey } from './storage';
import { until } from './until';

const images = 'components/services/images';

/** One of Strata's own programs, bundled and started as a platform starts it. */
export interface Program {
  readonly url: string;
  /** What it has written so far. */
  readonly said: () => string;
  readonly stop: () => Promise<void>;
}

interface Access {
  /** Of the program's own login. */
  readonly databaseUrl: string;
  /** What the passwords of tenants' logins are derived from. */
  readonly master: string;
}

/** The GraphQL service; its `url` is the whole one. `pooled`: the database's URL leads to a pooler. */
export async function startGraphql(access: Access, pooled = false): Promise<Program> {
  const program = await startProgram(access, {
    entries: { 'server.cjs': `${images}/graphql/server.ts` },
    environment: {
      ...postgraphile({ port: 1, introspection: false, pooled, declaration: example }).environment,
      GRAPHILE_ENV: 'production',
    },
  });
  return { ...program, url: `${program.url}/graphql` };
}

/** Functions by HTTP: those files of `folder` that are named. */
export function startFunctions(
  access: Access,
  folder: string,
  names: readonly string[],
): Promise<Program> {
  const functions = names.map((name) => [`functions/${name}.cjs`, `${folder}/${name}.ts`] as const);
  return startProgram(access, {
    entries: { 'server.cjs': `${images}/functions/server.ts`, ...Object.fromEntries(functions) },
    environment: { TIMEOUT_SECONDS: '10', ATTEMPTS: '1', BODY_BYTES: '100000' },
  });
}

async function startProgram(
  { databaseUrl, master }: Access,
  {
    entries,
    environment,
  }: { entries: Record<string, string>; environment: Record<string, string> },
): Promise<Program> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-program-'));
  const write = (name: string, text: string): string => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  for (const [name, entry] of Object.entries(entries)) write(name, standalone(entry));
  const port = await freePort();
  const child = spawn(process.execPath, ['server.cjs'], {
    cwd: folder,
    env: {
      ...environment,
      PORT: String(port),
      TENANT_POOLS: '4',
      JWT_ISSUER: tokens.issuer,
      JWT_AUDIENCE: tokens.audience,
      JWT_KEY_FILE: write('JWT_KEY', jwtKey),
      TENANT_LOGINS_FILE: write('TENANT_LOGINS', master),
      DATABASE_URL_FILE: write('DATABASE_URL', databaseUrl),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  }
  const url = `http://127.0.0.1:${String(port)}`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`the program ended: ${said}`);
    return (await fetch(`${url}/healthz`)).status === 200;
  });
  return {
    url,
    said: () => said,
    async stop() {
      if (child.exitCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
