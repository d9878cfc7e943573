import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { serverImage } from '../../provider/aws/server-image';
import { AwsStandIn } from '../support/aws/stand-in';
import { stubEnvironment } from '../support/aws/stub-environment';
import { contextFor } from '../support/local';
import { freePort } from '../support/ports';

describe('the image that servers are started from (a stand-in for EC2)', () => {
  const first = { region: 'eu-central-1', newest: 'ami-11111111', servers: 'a' };
  const only = 'strata-prod-data';
  const context = contextFor('data-image');
  let running: string[];
  let aws: AwsStandIn;

  beforeEach(async () => {
    running = ['i-0123456789abcdef0'];
    aws = await AwsStandIn.start({
      DescribeInstances: () => ({
        reservationSet: running.map((instanceId) => ({ instancesSet: [{ instanceId }] })),
      }),
    });
    stubEnvironment(aws);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await aws.stop();
  });

  test('is the newest of when they were last made anew', async () => {
    const { state } = await serverImage.create(first, context);
    expect(state.imageId).toBe('ami-11111111');
    expect(serverImage.diff(state, { ...first, newest: 'ami-22222222' })).toEqual({});
    const next = { ...first, newest: 'ami-22222222', servers: 'b' };
    expect(serverImage.diff(state, next)).toEqual({ servers: 'update' });
    const renewed = await serverImage.update?.('data-image', state, next, context);
    expect(renewed?.imageId).toBe('ami-22222222');
  });

  test('is chosen anew where the only server is gone, and while that is there it stays', async () => {
    const { state } = await serverImage.create({ ...first, only }, context);
    expect(await serverImage.read('data-image', state, context)).toEqual(state);
    running = [];
    expect(await serverImage.read('data-image', state, context)).toBeUndefined();
    expect(aws.asked('DescribeInstances').at(-1)).toMatchObject({
      Filter: [
        { Name: 'tag:Name', Value: [only] },
        { Name: 'instance-state-name', Value: ['pending', 'running', 'stopping', 'stopped'] },
      ],
    });
  });

  test('of a scaling group is not looked after: that starts servers itself', async () => {
    running = [];
    const { state } = await serverImage.create(first, context);
    expect(await serverImage.read('app-image', state, context)).toEqual(state);
    expect(aws.calls).toEqual([]);
  });

  test('stays as recorded while AWS cannot be asked', async () => {
    const { state } = await serverImage.create({ ...first, only }, context);
    vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${String(await freePort())}`);
    expect(await serverImage.read('data-image', state, context)).toEqual(state);
  });
});
