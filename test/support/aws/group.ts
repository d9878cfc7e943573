import { Refusal, type Operations, type Values } from './stand-in';

/** How a refresh stands, at one look after the other. */
interface Look {
  readonly Status: string;
  readonly PercentageComplete?: number;
  readonly StatusReason?: string;
  readonly RollbackDetails?: { readonly RollbackReason: string };
}

interface Refresh {
  readonly id: string;
  readonly desired: Values;
  looks: Look[];
}

const over = ['Successful', 'Failed', 'Cancelled', 'RollbackFailed', 'RollbackSuccessful'];

/**
 * A stand-in for one scaling group of one launch template, and for the balancer's view of its servers. Each look at a refresh
 * brings it one step further in what `course` says; a successful one changes the group as AWS does.
 */
export class GroupStandIn {
  readonly name = 'strata-app';
  readonly template = 'lt-0123456789abcdef0';
  readonly arn =
    'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/app/0123456789abcdef';
  exists = true;
  desired = 2;
  /** What the group launches. */
  version = '1';
  /** Servers → their version. */
  servers: Record<string, string> = { 'i-00000001': '1', 'i-00000002': '1' };
  /** What the balancer says of each server that is not healthy. */
  sick: Record<string, { State: string; Reason?: string; Description?: string }> = {};
  activities: Values[] = [];
  refreshes: Refresh[] = [];
  /** What the next refresh goes through. */
  course: Look[] = [
    { Status: 'Pending' },
    { Status: 'InProgress', PercentageComplete: 50, StatusReason: 'Waiting for instances' },
    { Status: 'Successful', PercentageComplete: 100 },
  ];
  /** Called whenever somebody asks how the targets are. */
  onTargets: () => void = () => undefined;

  /** Those that emulators lack. */
  readonly refreshing: Operations = {
    StartInstanceRefresh: ({ DesiredConfiguration }) => {
      if (this.underWay()) throw new Refusal('InstanceRefreshInProgress', 'one is in progress');
      const id = `refresh-${this.refreshes.length + 1}`;
      this.refreshes.unshift({ id, desired: DesiredConfiguration as Values, looks: this.course });
      return { InstanceRefreshId: id };
    },
    DescribeInstanceRefreshes: ({ InstanceRefreshIds: ids }) => ({
      InstanceRefreshes: this.refreshes
        .filter(({ id }) => !ids || (ids as string[]).includes(id))
        .map((refresh) => ({
          InstanceRefreshId: refresh.id,
          AutoScalingGroupName: this.name,
          DesiredConfiguration: refresh.desired,
          ...(ids ? this.advance(refresh) : refresh.looks[0]),
        })),
    }),
    CancelInstanceRefresh: () => {
      this.active().looks = [{ Status: 'Cancelling' }, { Status: 'Cancelled' }];
      return {};
    },
    RollbackInstanceRefresh: () => {
      this.active().looks = [{ Status: 'RollbackInProgress' }];
      return {};
    },
  };

  readonly operations: Operations = {
    ...this.refreshing,
    DescribeAutoScalingGroups: () => ({
      AutoScalingGroups: this.exists
        ? [
            {
              AutoScalingGroupName: this.name,
              DesiredCapacity: this.desired,
              LaunchTemplate: { LaunchTemplateId: this.template, Version: this.version },
              Instances: Object.entries(this.servers).map(([InstanceId, Version]) => ({
                InstanceId,
                LifecycleState: 'InService',
                LaunchTemplate: { LaunchTemplateId: this.template, Version },
              })),
            },
          ]
        : [],
    }),
    DescribeScalingActivities: () => ({ Activities: this.activities }),
    DescribeTargetHealth: () => {
      this.onTargets();
      return {
        TargetHealthDescriptions: Object.keys(this.servers).map((Id) => ({
          Target: { Id, Port: 80 },
          TargetHealth: this.sick[Id] ?? { State: 'healthy' },
        })),
      };
    },
  };

  private underWay(): Refresh | undefined {
    return this.refreshes.find(({ looks }) => !over.includes(looks[0]?.Status ?? ''));
  }

  private active(): Refresh {
    const active = this.underWay();
    if (!active) throw new Refusal('ActiveInstanceRefreshNotFound', 'there is none');
    return active;
  }

  private advance(refresh: Refresh): Look | undefined {
    const [look, ...rest] = refresh.looks;
    if (rest.length > 0) refresh.looks = rest;
    if (look?.Status === 'Successful') this.complete(refresh);
    return look;
  }

  private complete({ desired }: Refresh): void {
    this.version = (desired.LaunchTemplate as { Version: string }).Version;
    const ids = Object.keys(this.servers).map((id) => id.replace('i-', 'i-1'));
    this.servers = Object.fromEntries(ids.map((id) => [id, this.version]));
  }
}
