import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { Account } from './account';
import { PublicCertificate } from './certificate';
import { globalName, stackName } from './naming';

export interface CdnArgs {
  readonly account: Account;
  /** `cdn.example.org`: how people find it. */
  readonly host: string;
  /** Id of the Route 53 zone that has it. */
  readonly zone: string;
  /** Under which name the gateway is found; its certificate is for `host` as well. */
  readonly origin: pulumi.Input<string>;
  /** Web pages of these origins may read answers. */
  readonly origins: readonly string[];
  /** Whether they may send cookies along, which go no further than here. */
  readonly credentials: boolean;
}

/** CloudFront takes certificates from there alone. */
const certificateRegion = 'us-east-1';

/** As long as the gateway keeps an answer: whoever takes a file back waits for both. */
const mostSeconds = 300;

/**
 * Public files from close to whoever asks for them: CloudFront in front of the gateway's host for them, which goes on
 * deciding what is public. Nothing that says who somebody is comes through (no cookie, no token, no query), so what is
 * kept can be nobody's own. The name that was asked for is part of what an answer is kept under: at CloudFront's own
 * name the gateway has no such file, and that answer is nobody else's.
 *
 * **Cost**: by what is delivered and by requests.
 *
 * @example
 * new Cdn('cdn', {
 *   account, host: 'cdn.example.org', zone: 'Z0123456789', origin: 'example.org', origins: [], credentials: false,
 * }, { parent })
 */
export class Cdn extends pulumi.ComponentResource {
  constructor(name: string, args: CdnArgs, opts?: pulumi.ComponentResourceOptions) {
    super('strata:aws:Cdn', name, {}, opts);
    const parent = { parent: this };
    const { host, zone } = args;
    const certificate = new PublicCertificate(
      `${name}-certificate`,
      { domain: host, below: false, zone, region: certificateRegion },
      parent,
    );
    const distribution = new aws.cloudfront.Distribution(
      name,
      {
        enabled: true,
        comment: stackName('cdn', 128),
        aliases: [host],
        httpVersion: 'http2and3',
        isIpv6Enabled: false,
        origins: [
          {
            originId: 'gateway',
            domainName: args.origin,
            customOriginConfig: {
              httpPort: 80,
              httpsPort: 443,
              originProtocolPolicy: 'https-only',
              originSslProtocols: ['TLSv1.2'],
            },
          },
        ],
        defaultCacheBehavior: {
          targetOriginId: 'gateway',
          viewerProtocolPolicy: 'redirect-to-https',
          allowedMethods: ['GET', 'HEAD'],
          cachedMethods: ['GET', 'HEAD'],
          compress: false,
          cachePolicyId: this.kept(name, args).id,
          ...(args.origins.length > 0 && {
            responseHeadersPolicyId: this.readable(name, args).id,
          }),
        },
        restrictions: { geoRestriction: { restrictionType: 'none' } },
        viewerCertificate: {
          acmCertificateArn: certificate.arn,
          sslSupportMethod: 'sni-only',
          minimumProtocolVersion: 'TLSv1.2_2021',
        },
      },
      parent,
    );
    const { domainName, hostedZoneId } = distribution;
    new aws.route53.Record(
      name,
      {
        zoneId: zone,
        name: host,
        type: 'A',
        aliases: [{ name: domainName, zoneId: hostedZoneId, evaluateTargetHealth: false }],
      },
      parent,
    );
    this.registerOutputs({});
  }

  /** What of a request an answer is kept under, and all of it that the gateway hears. */
  private kept(name: string, { account }: CdnArgs): aws.cloudfront.CachePolicy {
    return new aws.cloudfront.CachePolicy(
      name,
      {
        name: globalName('cdn', account, 128),
        minTtl: 0,
        // Where the service does not say how long, not at all.
        defaultTtl: 0,
        maxTtl: mostSeconds,
        parametersInCacheKeyAndForwardedToOrigin: {
          headersConfig: { headerBehavior: 'whitelist', headers: { items: ['Host'] } },
          cookiesConfig: { cookieBehavior: 'none' },
          queryStringsConfig: { queryStringBehavior: 'none' },
        },
      },
      { parent: this },
    );
  }

  /** The gateway does not hear who asks, so this says what the gateway would (services/gateway/cors.ts). */
  private readable(
    name: string,
    { account, origins, credentials }: CdnArgs,
  ): aws.cloudfront.ResponseHeadersPolicy {
    return new aws.cloudfront.ResponseHeadersPolicy(
      name,
      {
        name: globalName('cdn', account, 128),
        corsConfig: {
          accessControlAllowOrigins: { items: [...origins] },
          accessControlAllowCredentials: credentials,
          accessControlAllowMethods: { items: ['GET', 'HEAD'] },
          accessControlAllowHeaders: { items: ['Range', 'If-None-Match'] },
          accessControlExposeHeaders: { items: ['Content-Range', 'ETag'] },
          originOverride: true,
        },
      },
      { parent: this },
    );
  }
}
