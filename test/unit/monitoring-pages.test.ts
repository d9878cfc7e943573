import { expect, test } from 'vitest';
import { monitoring } from '../../components/services/monitoring/monitoring';
import type { Workload } from '../../components/services/service';
import { gateway } from '../../components/settings/gateway';
import { settingsWith } from '../support/monitoring/settings';

/** What pages of operators call themselves in links. */
function addresses(https: number): string[] {
  const settings = {
    ...settingsWith({ dashboards: true }),
    gateway: gateway.parse({ ports: { https } }),
  };
  const texts = monitoring(settings, []).flatMap(({ command = [], environment }: Workload) => [
    ...command,
    ...Object.values(environment),
  ]);
  return texts.flatMap((text) => /https:\/\/.*\/operator\/.*/.exec(text) ?? []).sort();
}

test('links to the pages of operators name the port of the gateway, where it is not the usual one', () => {
  const at = (host: string) =>
    ['alertmanager', 'grafana', 'prometheus'].map((page) => `https://${host}/operator/${page}/`);
  expect([addresses(443), addresses(18443)]).toEqual([at('example.org'), at('example.org:18443')]);
});
