import type * as aws from '@pulumi/aws';
import type * as pulumi from '@pulumi/pulumi';

/** Whether somebody is needed at once, or this day. */
export const severities = ['critical', 'warning'] as const;
export type Severity = (typeof severities)[number];

/** What an alarm looks at. Missing figures are no alarm unless it says so: who is not asked has no errors. */
export interface Watched extends Pick<
  aws.cloudwatch.MetricAlarmArgs,
  'namespace' | 'metricName' | 'dimensions' | 'statistic' | 'threshold' | 'evaluationPeriods'
> {
  /** The last part of its name, the same in every tier. */
  readonly part: string;
  readonly severity: Severity;
  /** What is wrong, for who is told. */
  readonly alarmDescription: string;
  /** Seconds; a minute when not given. */
  readonly period?: number;
  /** When not given it is reached from below. */
  readonly comparisonOperator?: 'LessThanThreshold';
  readonly treatMissingData?: 'breaching' | 'missing';
  /** ARNs of what AWS itself does about it. */
  readonly actions?: readonly pulumi.Input<string>[];
}

/** Families of instances with credits of CPU. */
const burstable = /^t\d/;

/** A server there is once. What its system says is the platform's own monitoring's. */
export function ofServer(
  group: string,
  { id, instanceType, region }: WatchedServer & { readonly region: string },
): Watched[] {
  const common = { namespace: 'AWS/EC2', dimensions: { InstanceId: id } };
  const check = { ...common, severity: 'critical', statistic: 'Maximum', threshold: 1 } as const;
  return [
    {
      ...check,
      part: `${group}-hardware`,
      alarmDescription: `The machine below the server of ${group} fails; AWS moves it to another.`,
      metricName: 'StatusCheckFailed_System',
      evaluationPeriods: 2,
      // A server that was stopped is not moved.
      treatMissingData: 'missing',
      actions: [`arn:aws:automate:${region}:ec2:recover`],
    },
    {
      ...check,
      part: `${group}-unreachable`,
      alarmDescription: `The server of ${group} does not answer AWS, or a volume of it does not.`,
      metricName: 'StatusCheckFailed',
      evaluationPeriods: 5,
      treatMissingData: 'breaching',
    },
    ...(burstable.test(instanceType)
      ? [
          {
            ...common,
            part: `${group}-credits`,
            severity: 'warning',
            alarmDescription: `The server of ${group} has used up its CPU credits: it slows down, or costs more.`,
            metricName: 'CPUCreditBalance',
            statistic: 'Minimum',
            comparisonOperator: 'LessThanThreshold',
            threshold: 10,
            period: 300,
            evaluationPeriods: 3,
          } as const,
        ]
      : []),
  ];
}

/** The entrance in front of the servers. */
export function ofBalancer({ balancer, targets }: WatchedBalancer): Watched[] {
  const counts = {
    namespace: 'AWS/ApplicationELB',
    severity: 'critical',
    statistic: 'Sum',
    dimensions: { LoadBalancer: balancer },
    evaluationPeriods: 3,
  } as const;
  return [
    {
      ...counts,
      part: 'refused',
      alarmDescription: 'The balancer found no server that answers.',
      metricName: 'HTTPCode_ELB_5XX_Count',
      threshold: 10,
    },
    {
      ...counts,
      part: 'errors',
      alarmDescription: 'Servers answer with errors of theirs (5xx).',
      metricName: 'HTTPCode_Target_5XX_Count',
      threshold: 50,
    },
    {
      ...counts,
      part: 'unhealthy',
      severity: 'warning',
      alarmDescription: 'A server of the balancer stays unhealthy.',
      metricName: 'UnHealthyHostCount',
      statistic: 'Maximum',
      dimensions: { LoadBalancer: balancer, TargetGroup: targets },
      threshold: 1,
      evaluationPeriods: 5,
    },
  ];
}

/** A server that there is once. */
export interface WatchedServer {
  readonly id: pulumi.Input<string>;
  readonly instanceType: string;
}

/** How the balancer's figures are called. */
export interface WatchedBalancer {
  readonly balancer: pulumi.Input<string>;
  readonly targets: pulumi.Input<string>;
}
