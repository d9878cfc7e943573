import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { Account } from './account';
import { Bucket } from './bucket';
import { firewall } from './firewall';
import { stackName } from './naming';
import type { Statement } from './policy';

export interface BalancerArgs {
  readonly account: Account;
  readonly vpc: pulumi.Input<string>;
  /** Public ones, in two zones at least. */
  readonly subnets: readonly pulumi.Input<string>[];
  readonly securityGroup: pulumi.Input<string>;
  /** AWS makes no public balancer in a network that has no way out yet. */
  readonly network: pulumi.Resource;
  /** The gateway's on its servers. */
  readonly ports: { readonly http: number; readonly https: number };
  /** ARN of the certificate that browsers see. */
  readonly certificate: pulumi.Input<string>;
  /** How long nothing may be said on a connection; less than the gateway keeps an idle one open. */
  readonly idleSeconds: number;
  /** How long access logs are kept. */
  readonly logDays: number;
  /** How many requests one address may make in five minutes. */
  readonly requests: number;
}

/** TLS 1.3 and 1.2 with forward secrecy and authenticated ciphers; key exchange that quantum computers do not break. */
const tlsPolicy = 'ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09';

/** Requests under way end within it; sockets that are still open are closed and opened anew elsewhere. */
const drainSeconds = 120;

/**
 * The entrance of servers that are alike: an application load balancer with a firewall, TLS to browsers and to the
 * gateway, and access logs.
 *
 * A target speaks TLS without being asked for a name (the balancer sends no SNI) and is not verified; only its security
 * group makes it the gateway. `/healthz` is asked without TLS, where the gateway answers to any name.
 *
 * **Cost**: by the hour and by the load; the firewall and the logs beside it.
 *
 * @example
 * new Balancer('balancer', {
 *   account, vpc, subnets, securityGroup, network, ports, certificate, idleSeconds: 60, logDays: 30, requests: 15_000,
 * }, { parent })
 */
export class Balancer extends pulumi.ComponentResource {
  /** ARN of the target group, for the scaling group. */
  readonly targets: pulumi.Output<string>;
  /** Where DNS leads. */
  readonly address: { readonly name: pulumi.Output<string>; readonly zone: pulumi.Output<string> };
  /** How its figures are called in CloudWatch. */
  readonly metrics: {
    readonly balancer: pulumi.Output<string>;
    readonly targets: pulumi.Output<string>;
  };

  constructor(name: string, args: BalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:Balancer', name, {}, opts);
    const parent = { parent: this };
    const { account, ports } = args;
    const log = new Bucket(
      `${name}-log`,
      {
        lifecycle: {
          expiration: { days: args.logDays },
          noncurrentVersionExpiration: { noncurrentDays: 1 },
        },
        statements: (bucket) => [delivery(account, bucket)],
      },
      parent,
    );
    const balancer = new aws.lb.LoadBalancer(
      name,
      {
        name: stackName('balancer', 32),
        loadBalancerType: 'application',
        internal: false,
        subnets: [...args.subnets],
        securityGroups: [args.securityGroup],
        dropInvalidHeaderFields: true,
        preserveHostHeader: true,
        idleTimeout: args.idleSeconds,
        accessLogs: { bucket: log.bucket, enabled: true },
      },
      // AWS writes a first file to see whether it may.
      { ...parent, dependsOn: [log, args.network] },
    );
    const targets = new aws.lb.TargetGroup(
      name,
      {
        // One for another port is made before this one goes.
        name: stackName(`gateway-${ports.https}`, 32),
        vpcId: args.vpc,
        targetType: 'instance',
        protocol: 'HTTPS',
        port: ports.https,
        deregistrationDelay: drainSeconds,
        // Sockets stay: in turn, a new server would get few of them.
        loadBalancingAlgorithmType: 'least_outstanding_requests',
        healthCheck: {
          protocol: 'HTTP',
          port: String(ports.http),
          path: '/healthz',
          matcher: '200',
          interval: 10,
          timeout: 5,
          healthyThreshold: 2,
          unhealthyThreshold: 3,
        },
      },
      parent,
    );
    new aws.lb.Listener(
      `${name}-https`,
      {
        loadBalancerArn: balancer.arn,
        port: 443,
        protocol: 'HTTPS',
        sslPolicy: tlsPolicy,
        certificateArn: args.certificate,
        defaultActions: [{ type: 'forward', targetGroupArn: targets.arn }],
      },
      parent,
    );
    new aws.lb.Listener(
      `${name}-http`,
      {
        loadBalancerArn: balancer.arn,
        port: 80,
        protocol: 'HTTP',
        defaultActions: [
          {
            type: 'redirect',
            redirect: { protocol: 'HTTPS', port: '443', statusCode: 'HTTP_301' },
          },
        ],
      },
      parent,
    );
    firewall(name, { balancer: balancer.arn, requests: args.requests }, parent);
    this.targets = targets.arn;
    this.address = { name: balancer.dnsName, zone: balancer.zoneId };
    this.metrics = { balancer: balancer.arnSuffix, targets: targets.arnSuffix };
    this.registerOutputs({ targets: this.targets, address: this.address });
  }
}

/**
 * Lets Elastic Load Balancing write access logs. The service itself puts the account of a balancer into the path, so
 * others' do not come in; its documentation knows no condition that it certainly meets.
 */
function delivery(account: Account, bucket: pulumi.Output<string>): Statement {
  return {
    Sid: 'AccessLogs',
    Effect: 'Allow',
    Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' },
    Action: 's3:PutObject',
    Resource: pulumi.interpolate`${bucket}/AWSLogs/${account.id}/*`,
  };
}
