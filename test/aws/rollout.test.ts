import { AutoScaling } from '@aws-sdk/client-auto-scaling';
import { EC2 } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingV2 } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { rollout, type RolloutInputs } from '../../provider/aws/rollout';
import { GroupStandIn } from '../support/aws/group';
import { Moto, whyNoMoto } from '../support/aws/moto';
import { AwsStandIn, type Operations } from '../support/aws/stand-in';
import { stubEnvironment } from '../support/aws/stub-environment';
import { contextFor } from '../support/local';

const region = 'eu-central-1';
const context = contextFor('app');

describe.skipIf(whyNoMoto())('a rollout (moto, and a stand-in for its instance refreshes)', () => {
  const group = new GroupStandIn();
  let moto: Moto;
  let aws: AwsStandIn;
  let inputs: RolloutInputs;

  beforeAll(async () => {
    moto = await Moto.start();
    aws = await AwsStandIn.start(refreshes(), moto.endpoint);
    stubEnvironment(aws);
    inputs = await makeGroup();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await aws.stop();
    await moto.stop();
  });

  /** A successful refresh changes the group in moto, whose servers are always of the template's default version. */
  function refreshes(): Operations {
    return {
      ...group.refreshing,
      DescribeInstanceRefreshes: async (input) => {
        const answer = (await group.refreshing.DescribeInstanceRefreshes?.(input)) ?? {};
        const [refresh] = answer.InstanceRefreshes as { Status: string }[];
        if (refresh?.Status === 'Successful') await launch('2');
        return answer;
      },
    };
  }

  async function launch(version: string): Promise<void> {
    const LaunchTemplateId = inputs.launchTemplate;
    await new EC2({ region }).modifyLaunchTemplate({ LaunchTemplateId, DefaultVersion: version });
    await new AutoScaling({ region }).updateAutoScalingGroup({
      AutoScalingGroupName: group.name,
      LaunchTemplate: { LaunchTemplateId, Version: version },
    });
  }

  async function makeGroup(): Promise<RolloutInputs> {
    const ec2 = new EC2({ region });
    const { Vpc } = await ec2.createVpc({ CidrBlock: '10.0.0.0/16' });
    const { Subnet } = await ec2.createSubnet({ VpcId: Vpc?.VpcId, CidrBlock: '10.0.1.0/24' });
    const LaunchTemplateData = { ImageId: 'ami-12c6146b', InstanceType: 't3.small' } as const;
    const { LaunchTemplate } = await ec2.createLaunchTemplate({
      LaunchTemplateName: 'app',
      LaunchTemplateData,
    });
    const launchTemplate = LaunchTemplate?.LaunchTemplateId ?? '';
    await ec2.createLaunchTemplateVersion({
      LaunchTemplateId: launchTemplate,
      LaunchTemplateData: { ...LaunchTemplateData, InstanceType: 't3.medium' },
    });
    const balancing = new ElasticLoadBalancingV2({ region });
    const { TargetGroups } = await balancing.createTargetGroup({
      ...{ Name: 'app', Protocol: 'HTTP', Port: 80, VpcId: Vpc?.VpcId },
    });
    const targetGroups = (TargetGroups ?? []).map(({ TargetGroupArn = '' }) => TargetGroupArn);
    await new AutoScaling({ region }).createAutoScalingGroup({
      AutoScalingGroupName: group.name,
      LaunchTemplate: { LaunchTemplateId: launchTemplate, Version: '1' },
      ...{ MinSize: 2, MaxSize: 4, DesiredCapacity: 2 },
      VPCZoneIdentifier: Subnet?.SubnetId,
      TargetGroupARNs: targetGroups,
    });
    return {
      ...{ region, group: group.name, launchTemplate, version: 1, targetGroups },
      ...{ warmUpSeconds: 0, timeoutSeconds: 20 },
    };
  }

  test('the first version is there, another one is brought, and a change by somebody else is seen', async () => {
    const { id, state } = await rollout.create(inputs, context);
    expect(state.live).toBe(`${inputs.launchTemplate}:1`);
    expect(aws.asked('StartInstanceRefresh')).toEqual([]);
    expect(await rollout.read(id, state, context)).toEqual(state);

    const wanted = { ...inputs, version: 2 };
    const next = (await rollout.update?.(id, state, wanted, context)) ?? state;
    expect(next.live).toBe(`${inputs.launchTemplate}:2`);
    expect(aws.asked('StartInstanceRefresh')).toHaveLength(1);
    expect(rollout.diff((await rollout.read(id, next, context)) ?? state, wanted)).toEqual({});

    await launch('1');
    const seen = await rollout.read(id, next, context);
    expect(rollout.diff(seen ?? next, wanted)).toEqual({ live: 'update' });
  });
});
