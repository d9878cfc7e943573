import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Workload } from '../../components/services/service';
import { containerPaths } from '../../components/services/service';
import { root } from '../../engine/root';
import { operatorPassword } from './gateway/nginx';
import { freePort } from './ports';
import { until } from './until';

/** Where the real Mailpit is, which is built once; why it cannot be run here. */
const built: { readonly program: string } | { readonly missing: string } = (() => {
  try {
    const script = path.join(root, 'test/images/mailpit.sh');
    const said = execFileSync(script, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 280_000,
    });
    return { program: said.trim() };
  } catch {
    return {
      missing: 'mailpit is not there and cannot be built (it needs Go 1.25 and a module proxy)',
    };
  }
})();

export const noMailpit = 'missing' in built ? built.missing : undefined;

export interface Mailpit {
  readonly smtp: number;
  readonly http: number;
  readonly figures: number;
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
  const [smtp, http, figures] = [await freePort(), await freePort(), await freePort()];
  const own = Object.entries(environment).map(([name, value]) => [
    name,
    value.replace(containerPaths.files, folder),
  ]);
  if ('missing' in built) throw new Error(built.missing);
  const child = spawn(built.program, {
    cwd: folder,
    env: {
      ...(Object.fromEntries(own) as Record<string, string>),
      TMPDIR: folder,
      MP_SMTP_BIND_ADDR: `127.0.0.1:${String(smtp)}`,
      MP_UI_BIND_ADDR: `127.0.0.1:${String(http)}`,
      MP_ENABLE_PROMETHEUS: `127.0.0.1:${String(figures)}`,
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
    figures,
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
