import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

export interface DomainArgs {
  /** `example.org`: it and all names below it lead to the entrance. */
  readonly domain: string;
  /** Id of the Route 53 zone that has the domain. */
  readonly zone: string;
  /** The entrance: a public address, or what a balancer is called in which zone. */
  readonly entrance:
    | { readonly address: pulumi.Input<string> }
    | { readonly balancer: { name: pulumi.Input<string>; zone: pulumi.Input<string> } };
}

/** Short, so that another entrance is found soon. */
const ttlSeconds = 60;

/**
 * The platform's names in DNS. Another kind of entrance changes the same two records in place.
 *
 * **Cost**: nothing.
 *
 * @example
 * new Domain('domain', {
 *   domain: 'example.org', zone: 'Z0123456789', entrance: { address: '203.0.113.7' },
 * }, { parent })
 */
export class Domain extends pulumi.ComponentResource {
  constructor(name: string, args: DomainArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:Domain', name, {}, opts);
    const { domain, zone, entrance } = args;
    for (const [suffix, called] of Object.entries({ domain, all: `*.${domain}` })) {
      new aws.route53.Record(
        `${name}-${suffix}`,
        { zoneId: zone, name: called, type: 'A', ...answer(entrance) },
        { parent: this },
      );
    }
    this.registerOutputs();
  }
}

function answer(
  entrance: DomainArgs['entrance'],
): Pick<aws.route53.RecordArgs, 'aliases' | 'records' | 'ttl'> {
  if ('address' in entrance) return { records: [entrance.address], ttl: ttlSeconds };
  const { name, zone } = entrance.balancer;
  return { aliases: [{ name, zoneId: zone, evaluateTargetHealth: true }] };
}
