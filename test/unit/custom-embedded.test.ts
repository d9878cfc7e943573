import { expect, test } from 'vitest';
import * as pulumi from '@pulumi/pulumi';
import { custom } from '../../components/services/custom';
import { customService, type CustomServiceInput } from '../../components/settings/custom';
import { workload } from '../../components/targets/embedded/workload';
import type { Placed } from '../../components/targets/target';
import { graph } from '../support/graph';

/** Where a custom service is found on target embedded. */
async function endpoints(given: CustomServiceInput): Promise<Placed['endpoints'] | undefined> {
  const service = custom('shop', customService.parse({ command: ['x'], ...given }));
  if (service.kind !== 'workload') throw new Error('a job has no endpoints');
  let placed: Placed | undefined;
  const secret = () => pulumi.secret('hush');
  const program = () => {
    placed = workload({ service, secret, volumes: {}, schemaVersion: '1' }, {});
  };
  await graph(program, { 'strata:local:Process': () => ({}) }, false);
  return placed?.endpoints;
}

test('a custom service is found by its port, and one without a port nowhere', async () => {
  expect(await endpoints({ port: 8001 })).toEqual({ shop: 'http://127.0.0.1:8001/' });
  expect(await endpoints({})).toEqual({});
});
