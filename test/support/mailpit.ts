import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Workload } from '../../components/services/service';
import { containerPaths } from '../../components/services/service';
import { operatorPassword } from './gateway/nginx';
import { freePort } from './ports';
import { until } from './storage';

const cache = path.join(os.homedir(), '.cache', 'strata-mailpit');
const program = path.join(cache, 'mailpit-v1.30.5');
const module = 'github.com/axllent/mailpit';
const version = 'v1.30.5';

/**
 * Why the real Mailpit cannot be run here; `undefined` when it can. Built once from its Go module, which has no scripts of
 * the page: those are made by npm for the image.
 */
export const noMailpit: string | undefined = (() => {
  if (existsSync(program)) return undefined;
  try {
    mkdirSync(cache, { recursive: true });
    const go = (args: readonly string[], cwd: string): string =>
      execFileSync('go', args, {
        cwd,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout: 280_000,
      });
    const { Dir } = JSON.parse(go(['mod', 'download', '-json', `${module}@${version}`], cache)) as {
      Dir: string;
    };
    go(['build', '-o', program, '.'], Dir);
    return undefined;
  } catch {
    return 'mailpit is not there and cannot be built (it needs Go 1.25 and a module proxy)';
  }
})();

export interface Mailpit {
  readonly smtp: number;
  readonly http: number;
  stop(): Promise<void>;
}

/** The program with the environment and the files of its service, on free ports. */
export async function startMailpit({ environment, files, health }: Workload): Promise<Mailpit> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-mailpit-'));
  for (const [name, content] of Object.entries(files)) {
    const text = typeof content === 'string' ? content : content.template;
    writeFileSync(path.join(folder, name), text.replaceAll('{{OPERATOR}}', operatorPassword), {
      mode: 0o400,
    });
  }
  const [smtp, http] = [await freePort(), await freePort()];
  const own = Object.entries(environment).map(([name, value]) => [
    name,
    value.replace(containerPaths.files, folder),
  ]);
  const child = spawn(program, {
    cwd: folder,
    env: {
      ...(Object.fromEntries(own) as Record<string, string>),
      TMPDIR: folder,
      MP_SMTP_BIND_ADDR: `127.0.0.1:${String(smtp)}`,
      MP_UI_BIND_ADDR: `127.0.0.1:${String(http)}`,
    },
    stdio: 'ignore',
  });
  await until(async () => {
    if (child.exitCode !== null) throw new Error('mailpit ended');
    return (await fetch(`http://127.0.0.1:${String(http)}${health ?? ''}`)).status === 200;
  });
  return {
    smtp,
    http,
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
