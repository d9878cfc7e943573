import { beforeAll, describe, expect, test } from 'vitest';
import { ask } from './support/client';
import { container } from './support/platform';
import { absent, openScene, type Scene } from './support/scene';

let scene: Scene;
let headers: { authorization: string };

beforeAll(async () => {
  if (absent) return;
  scene = await openScene();
  const { user, password } = scene.outputs.operator;
  headers = { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
});

interface Target {
  readonly labels: { readonly job: string };
  readonly health: string;
  readonly lastError: string;
}

async function prometheus(path: string): Promise<unknown> {
  const answer = await ask(scene, `/operator/prometheus/api/v1/${path}`, { headers });
  expect(answer.status).toBe(200);
  return (answer.json() as { data: unknown }).data;
}

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: string };
}

async function alerts(): Promise<readonly Alert[]> {
  const answer = await ask(scene, '/operator/alertmanager/api/v2/alerts', { headers });
  expect(answer.status).toBe(200);
  return answer.json() as Alert[];
}

describe.skipIf(absent)('monitoring', () => {
  test('reads every target', async () => {
    const troubled = async () => {
      const { activeTargets } = (await prometheus('targets?state=active')) as {
        activeTargets: Target[];
      };
      expect(activeTargets.length).toBeGreaterThan(10);
      return activeTargets
        .filter(({ health }) => health !== 'up')
        .map(({ labels, lastError }) => `${labels.job}: ${lastError}`);
    };
    await expect.poll(troubled, { timeout: 60_000, interval: 2_000 }).toEqual([]);
  });

  test('keeps a watch-dog barking', async () => {
    const names = async () => (await alerts()).map(({ labels }) => labels.alertname);
    await expect.poll(names, { timeout: 120_000, interval: 2_000 }).toContain('Watchdog');
  });

  test('tells of a service that is gone, and that it is back', async () => {
    await container('redis-exporter').stop();
    try {
      const pending = async () => {
        const { alerts: all } = (await prometheus('alerts')) as {
          alerts: { labels: Record<string, string>; state: string }[];
        };
        return all.map(({ labels }) => `${labels.alertname ?? ''} ${labels.job ?? ''}`);
      };
      await expect
        .poll(pending, { timeout: 120_000, interval: 2_000 })
        .toContain('TargetDown redis-exporter');
    } finally {
      await container('redis-exporter').start();
    }
  });
});
