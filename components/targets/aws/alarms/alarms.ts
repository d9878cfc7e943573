import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { MonitoringSettings, Receiver } from '../../../settings/monitoring';
import type { Account } from '../account';
import { stackName } from '../naming';
import { Notifier, type NotifiedReceiver } from './notifier';
import { topics, type Topics } from './topics';
import {
  ofBalancer,
  ofServer,
  severities,
  type Severity,
  type Watched,
  type WatchedBalancer,
  type WatchedServer,
} from './watched';
import { ofCache, ofDatabase, type WatchedCache, type WatchedDatabase } from './watched-data';

export interface AlarmsArgs {
  readonly account: Account;
  /** ARN of the key that encrypts what is sent. */
  readonly key: pulumi.Input<string>;
  /** Whom alarms reach: the receivers of the platform's own alerts. */
  readonly monitoring: Pick<MonitoringSettings, 'receivers' | 'send'>;
  /** The value of a member of `strata:secrets`. */
  readonly secret: (name: string) => pulumi.Output<string>;
  /** Group → its single server. */
  readonly servers: Readonly<Record<string, WatchedServer>>;
  readonly balancer?: WatchedBalancer;
  readonly database?: WatchedDatabase;
  readonly cache?: WatchedCache;
}

/**
 * What only AWS sees: a server's hardware, the entrance in front of the servers, databases and caches that AWS runs, and
 * whether backups are made. Everything inside is watched by the platform's own monitoring, whose receivers are told of
 * both: by mail of SNS, or by a function where they are no mail. Neither needs a server of the platform. Disks are of a
 * kind (gp3) that has no credits to run out of.
 *
 * **Cost**: each alarm by the month; mail and the function's calls next to nothing; a secret where there is the function.
 *
 * @example
 * new Alarms('alarms', {
 *   account, key, monitoring, secret, servers: { data: { id, instanceType } },
 * }, { parent })
 */
export class Alarms extends pulumi.ComponentResource {
  /** ARN of the topic of each severity. */
  readonly topics: Topics;

  constructor(name: string, args: AlarmsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:Alarms', name, {}, opts);
    const { account, key, secret, servers, balancer, database, cache } = args;
    const told = bySeverity(args.monitoring);
    this.topics = topics(name, { account, key, mail: eachMap(told, addresses) }, { parent: this });
    const notified = eachMap(told, (receivers) => receivers.flatMap(notifiedReceiver));
    const notifier = severities.some((severity) => notified[severity].length > 0)
      ? new Notifier(
          `${name}-notifier`,
          {
            account,
            key,
            topics: this.topics,
            receivers: notified,
            secret,
          },
          { parent: this },
        )
      : undefined;
    const watched = [
      ...Object.entries(servers).flatMap(([group, server]) =>
        ofServer(group, { ...server, region: account.region }),
      ),
      ...(balancer ? ofBalancer(balancer) : []),
      ...(database ? ofDatabase(database) : []),
      ...(cache ? ofCache(cache) : []),
      ...(notifier ? [notifier.watched] : []),
    ];
    for (const alarm of watched) this.alarm(name, alarm);
    this.registerOutputs({ topics: this.topics });
  }

  private alarm(name: string, { part, severity, actions = [], ...watched }: Watched): void {
    new aws.cloudwatch.MetricAlarm(
      `${name}-${part}`,
      {
        name: stackName(part, 255),
        comparisonOperator: 'GreaterThanOrEqualToThreshold',
        period: 60,
        treatMissingData: 'notBreaching',
        alarmActions: [this.topics[severity], ...actions],
        okActions: [this.topics[severity]],
        ...watched,
      },
      { parent: this },
    );
  }
}

type Named = Receiver & { readonly name: string };
type BySeverity<T> = Readonly<Record<Severity, readonly T[]>>;

/** The receivers of each severity. */
function bySeverity({ receivers, send }: AlarmsArgs['monitoring']): BySeverity<Named> {
  const named = (name: string): Named[] => {
    const receiver = receivers[name];
    return receiver ? [{ ...receiver, name }] : [];
  };
  return eachMap(send, (names) => names.flatMap(named));
}

function eachMap<T, R>(given: BySeverity<T>, map: (each: readonly T[]) => R[]): BySeverity<R> {
  return { critical: map(given.critical), warning: map(given.warning) };
}

function addresses(receivers: readonly Named[]): string[] {
  return receivers.flatMap((receiver) => (receiver.kind === 'mail' ? receiver.to : []));
}

function notifiedReceiver(receiver: Named): NotifiedReceiver[] {
  return receiver.kind === 'mail' ? [] : [receiver];
}
