import * as aws from '@pulumi/aws';
import type * as pulumi from '@pulumi/pulumi';
import { stackName } from './naming';

export interface FirewallArgs {
  /** ARN of the balancer. */
  readonly balancer: pulumi.Input<string>;
  /** How many requests one address may make in five minutes. The gateway has finer limits; this one is a flood's. */
  readonly requests: number;
}

/**
 * A web application firewall in front of the balancer: refuses floods, addresses of bad repute and known attacks.
 *
 * **Cost**: for the list, each of its rules and each request.
 */
export function firewall(
  name: string,
  { balancer, requests }: FirewallArgs,
  opts: pulumi.CustomResourceOptions,
): void {
  const list = new aws.wafv2.WebAcl(
    name,
    {
      name: stackName('firewall', 128),
      description: 'In front of the platform.',
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      rules: [
        {
          name: 'flood',
          priority: 0,
          statement: { rateBasedStatement: { limit: requests, aggregateKeyType: 'IP' } },
          action: { block: { customResponse: { responseCode: 429 } } },
          visibilityConfig: seen('flood'),
        },
        managed('AWSManagedRulesAmazonIpReputationList', 1),
        managed('AWSManagedRulesKnownBadInputsRuleSet', 2),
        managed('AWSManagedRulesCommonRuleSet', 3, counted),
      ],
      visibilityConfig: seen('all'),
    },
    opts,
  );
  new aws.wafv2.WebAclAssociation(name, { resourceArn: balancer, webAclArn: list.arn }, opts);
}

/**
 * Rules that would refuse what users of the platform rightly do; they are counted.
 *
 * Bodies: files are larger than 8 KB; what people write, queries and mutations among it, may hold HTML, paths and
 * addresses. Query strings: filters and signed links are long, and an OAuth client's redirect leads to 127.0.0.1.
 * Paths: a stored file may be called `server.log`. Programs, webhooks among them, need not say what they are.
 */
const counted = [
  'CrossSiteScripting_BODY',
  'EC2MetaDataSSRF_BODY',
  'EC2MetaDataSSRF_QUERYARGUMENTS',
  'GenericLFI_BODY',
  'GenericRFI_BODY',
  'GenericRFI_QUERYARGUMENTS',
  'NoUserAgent_HEADER',
  'RestrictedExtensions_QUERYARGUMENTS',
  'RestrictedExtensions_URIPATH',
  'SizeRestrictions_BODY',
  'SizeRestrictions_QUERYSTRING',
];

type Rule = aws.types.input.wafv2.WebAclRule;

/** A rule set that AWS keeps; it refuses what it finds, but for the rules that are counted only. */
function managed(set: string, priority: number, count: readonly string[] = []): Rule {
  return {
    name: set,
    priority,
    statement: {
      managedRuleGroupStatement: {
        vendorName: 'AWS',
        name: set,
        ...(count.length > 0 && {
          ruleActionOverrides: count.map((name) => ({ name, actionToUse: { count: {} } })),
        }),
      },
    },
    overrideAction: { none: {} },
    visibilityConfig: seen(set),
  };
}

function seen(metricName: string): Rule['visibilityConfig'] {
  return { cloudwatchMetricsEnabled: true, sampledRequestsEnabled: true, metricName };
}
