import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../../engine/root';
import { follow } from '../support/follow';
import { ask } from '../support/gateway/client';
import { startNames } from '../support/gateway/names';
import { noNginx, startNginx } from '../support/gateway/nginx';
import { gatewayInput, service } from '../support/gateway/platform';
import { freePort } from '../support/ports';
import { pythonWith } from '../support/tools';

const python = pythonWith(path.join(root, 'test/support/uwsgi.txt'), 'uwsgi');
const missing = noNginx ?? ('missing' in python ? python.missing : undefined);
const title = missing ? ` (skipped: ${missing})` : '';

/** The example of docs/custom-services.md. */
const documented = (() => {
  const page = readFileSync(path.join(root, 'docs/custom-services.md'), 'utf8');
  const [, example = ''] = /```yaml\n(config:\n[^`]*uwsgi[^`]*)```/.exec(page) ?? [];
  type Config = Record<string, { shop: { command: string[]; port: number } }>;
  const { config } = parse(example) as { config: Config };
  return config['strata:customServices']?.shop ?? { command: [], port: 0 };
})();

test.skipIf(missing !== undefined)(
  `uWSGI runs the Python template by the documented command, behind real nginx${title}`,
  async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'strata-uwsgi-'));
    writeFileSync(path.join(folder, 'key'), 'k'.repeat(64));
    const port = await freePort();
    const [program = '', ...args] = documented.command.map((word) =>
      word === `0.0.0.0:${documented.port}` ? `127.0.0.1:${port}` : word,
    );
    const place = path.dirname('program' in python ? python.program : '');
    const child = spawn(path.join(place, program), args, {
      cwd: path.join(root, 'templates/service/python'),
      env: {
        PORT: String(port),
        JWT_KEY_FILE: path.join(folder, 'key'),
        JWT_ISSUER: 'strata',
        JWT_AUDIENCE: 'strata',
        PYTHONDONTWRITEBYTECODE: '1',
      },
    });
    const ended = once(child, 'exit');
    const names = await startNames({ shop: ['127.0.0.1'] });
    const route = { path: '/shop/', upstreamPath: '/', access: 'public' as const };
    const gateway = await startNginx(gatewayInput(), [service('shop', port, { shop: route })], {
      resolver: names.address,
    });
    try {
      await follow(child).line(/spawned uWSGI worker 2/);
      const answer = await ask(gateway, '/shop/');
      expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { hello: 'world' }]);
      const posted = await ask(gateway, '/shop/a', { method: 'POST', body: 'x'.repeat(100_000) });
      expect(posted.status).toBe(404);
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
      await gateway.stop();
      names.close();
      rmSync(folder, { recursive: true });
    }
  },
);
