import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { distrust, sign, signingKey } from '../../engine/hooks/signature';
import { whyNoEngine } from '../support/engine';
import { Receiver } from '../support/hooks';
import { freePort } from '../support/ports';
import { Workspace } from '../support/workspace';

const reason = await whyNoEngine();
const secrets = {
  'hook-key': `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
  'deploy-hook': `whsec_${Buffer.alloc(32, 8).toString('base64')}`,
};
const keyOf = (name: keyof typeof secrets) => signingKey(secrets[name]) ?? Buffer.alloc(0);

let workspace: Workspace;
let receiver: Receiver;

/** The messages since the last time, each with a signature that fits. */
function told(): Record<string, unknown>[] {
  return receiver.received.splice(0).map(({ headers, body }) => {
    const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map((name) =>
      String(headers[`webhook-${name}`]),
    ) as [string, string, string];
    const clock = { now: Date.now(), since: 0 };
    const wrong = distrust(
      keyOf('hook-key'),
      { id, timestamp, signature },
      Buffer.from(body),
      clock,
    );
    expect(wrong).toBe(undefined);
    return JSON.parse(body) as Record<string, unknown>;
  });
}

describe.skipIf(reason)('hooks of a real deployment, told to a stand-in for their receiver', () => {
  beforeAll(async () => {
    receiver = await Receiver.start();
    workspace = await Workspace.create();
    await workspace.succeed('pulumi', '--', 'stack', 'init', 'local');
    for (const [name, value] of Object.entries(secrets)) {
      const set = ['config', 'set', '--secret', '--path', `strata:secrets.${name}`, value];
      await workspace.succeed('pulumi', '--', ...set);
    }
    const file = parse(workspace.read('Pulumi.local.yaml')) as { config: Record<string, unknown> };
    file.config['strata:hooks'] = {
      out: [{ kind: 'webhook', url: `${receiver.url}/told`, secret: 'hook-key' }],
      in: { secret: 'deploy-hook' },
    };
    workspace.write('Pulumi.local.yaml', stringify(file));
  });

  afterAll(async () => {
    receiver.stop();
    await workspace.dispose();
  });

  test('up tells that it deployed, and what it made', async () => {
    await workspace.succeed('up');
    const [message, ...more] = told();
    expect(more).toEqual([]);
    expect(message).toEqual({
      stack: 'local',
      event: 'deployed',
      tier: 'single',
      target: 'embedded',
      when: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      summary: { created: expect.any(Number) as number, changed: 0, deleted: 0, same: 0 },
      durationSeconds: expect.any(Number) as number,
    });
    expect((message?.summary as { created: number }).created).toBeGreaterThan(10);
  });

  test('a receiver that refuses is a warning, and the deployment has not failed', async () => {
    receiver.answers.push({ status: 403 });
    const { code, stdout, stderr } = await workspace.run('up');
    expect(code).toBe(0);
    expect(stdout + stderr).toContain(
      'Warning: hooks.out[0] was not told: it answered with status 403',
    );
    expect(told()).toMatchObject([{ event: 'deployed', summary: { created: 0, changed: 0 } }]);
  });

  test('a signed call deploys, and one with another key does not', async () => {
    const port = await freePort();
    const serving = workspace.begin('deploy-hook', 'serve', '--port', String(port));
    await serving.line(/waiting for calls/);
    const call = (key: Buffer, id: string) =>
      fetch(`http://127.0.0.1:${port}/deploy`, {
        method: 'POST',
        body: '{}',
        headers: sign(key, id, '{}', Date.now()),
      });
    expect((await call(keyOf('hook-key'), 'a')).status).toBe(401);
    expect((await call(keyOf('deploy-hook'), 'b')).status).toBe(202);
    await serving.line(/"message":"deployed"/);
    expect(told()).toMatchObject([{ event: 'deployed' }]);
    process.kill(serving.pid, 'SIGTERM');
    const { code, text } = await serving.ended;
    expect(code).toBe(0);
    for (const secret of Object.values(secrets)) expect(text).not.toContain(secret.slice(6));
  });

  test('a pull that fails deploys nothing', async () => {
    const port = await freePort();
    const serving = workspace.begin('deploy-hook', 'serve', '--pull', '--port', String(port));
    await serving.line(/waiting for calls/);
    const headers = sign(keyOf('deploy-hook'), 'c', '{}', Date.now());
    await fetch(`http://127.0.0.1:${port}/deploy`, { method: 'POST', body: '{}', headers });
    await serving.line(/"step":"git pull --ff-only"/);
    process.kill(serving.pid, 'SIGTERM');
    await serving.ended;
    expect(told()).toEqual([]);
  });

  test('up tells that it failed and at what, and fails as before', async () => {
    workspace.write('app/sql/900_broken.sql', 'select 1 / 0 as "password=hunter2";\n');
    const { code } = await workspace.run('up');
    expect(code).not.toBe(0);
    const [message, ...more] = told();
    expect(more).toEqual([]);
    expect(message).toMatchObject({ stack: 'local', event: 'failed' });
    expect(message?.error).toMatch(/^npm run up failed/);
    expect(JSON.stringify(message)).not.toContain('hunter2');
    workspace.write('app/sql/900_broken.sql', 'select 1;\n');
  });

  test('destroy tells that it destroyed', async () => {
    await workspace.succeed('destroy', '--yes');
    expect(told()).toMatchObject([{ stack: 'local', event: 'destroyed' }]);
  });
});
