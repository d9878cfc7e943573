'use strict';
// CloudFront: recorded. It is worldwide and has no region.
const { createHash } = require('node:crypto');
const lab = require('./lab.cjs');
const { P, tagging, shorten } = lab.require('kit');

/** A list as CloudFront has it. */
const many = (items = []) => ({
  Quantity: items.length,
  ...(items.length > 0 && { Items: items }),
});

const hash = (prefix, text) =>
  prefix + createHash('sha256').update(text).digest('hex').slice(0, 13).toUpperCase();
const arn = async (c, rest) => `arn:${c.partition}:cloudfront::${await c.account()}:${rest}`;

const behaviour = P(
  'allowedMethods:set! cachePolicyId cachedMethods:set! compress:bool=false originRequestPolicyId responseHeadersPolicyId targetOriginId! viewerProtocolPolicy!',
  { functionAssociations: ['set', P('eventType! functionArn!')] },
);
const distribution = {
  props: P(
    'aliases:set comment defaultRootObject enabled:bool! httpVersion=http2 isIpv6Enabled:bool priceClass=PriceClass_All retainOnDelete:bool=false waitForDeployment:bool=true webAclId',
    {
      customErrorResponses: [
        'set',
        P('errorCachingMinTtl:int errorCode:int! responseCode:int responsePagePath'),
      ],
      defaultCacheBehavior: ['obj required', behaviour],
      loggingConfig: ['obj', P('bucket includeCookies:bool=false prefix')],
      orderedCacheBehaviors: ['list', { ...P('pathPattern!'), ...behaviour }],
      origins: [
        'set required',
        P(
          'connectionAttempts:int=3 connectionTimeout:int=10 domainName! originAccessControlId originId! originPath',
          {
            customHeaders: ['set', P('name! value!')],
            customOriginConfig: [
              'obj',
              P(
                'httpPort:int! httpsPort:int! originKeepaliveTimeout:int=5 originProtocolPolicy! originReadTimeout:int=30 originSslProtocols:set!',
              ),
            ],
            s3OriginConfig: ['obj', P('originAccessIdentity!')],
          },
        ),
      ],
      restrictions: [
        'obj required',
        { geoRestriction: ['obj required', P('locations:set? restrictionType!')] },
      ],
      viewerCertificate: [
        'obj required',
        P(
          'acmCertificateArn cloudfrontDefaultCertificate:bool iamCertificateId minimumProtocolVersion=TLSv1 sslSupportMethod',
        ),
      ],
    },
  ),
  outs: 'arn callerReference domainName etag hostedZoneId lastModifiedTime status',
  tags: tagging.recorded,
  id: (i) => hash('E', JSON.stringify([i.comment, i.origins, i.aliases])),
  create: (i) => ['CloudFront.createDistribution', { DistributionConfig: config(i) }],
  update: (i, c, Id) => [
    'CloudFront.updateDistribution',
    { Id, IfMatch: 'etag', DistributionConfig: config(i) },
  ],
  made: async (i, c, id) => ({
    arn: await arn(c, `distribution/${id}`),
    domainName: `${id.toLowerCase()}.cloudfront.net`,
    // All distributions are in this zone of Route 53.
    hostedZoneId: 'Z2FDTNDATAQYW2',
    status: 'Deployed',
  }),
};

function config(i) {
  return {
    CallerReference: 'strata',
    Comment: i.comment ?? '',
    Enabled: i.enabled,
    Aliases: many(i.aliases),
    DefaultRootObject: i.defaultRootObject,
    HttpVersion: i.httpVersion,
    IsIPV6Enabled: i.isIpv6Enabled,
    PriceClass: i.priceClass,
    WebACLId: i.webAclId,
    Origins: many(i.origins.map(origin)),
    DefaultCacheBehavior: cacheBehaviour(i.defaultCacheBehavior),
    CacheBehaviors: many(
      i.orderedCacheBehaviors?.map((b) => ({ PathPattern: b.pathPattern, ...cacheBehaviour(b) })),
    ),
    CustomErrorResponses: many(
      i.customErrorResponses?.map((r) => ({
        ErrorCode: r.errorCode,
        ErrorCachingMinTTL: r.errorCachingMinTtl,
        ResponsePagePath: r.responsePagePath,
        ResponseCode: r.responseCode?.toString(),
      })),
    ),
    Logging: i.loggingConfig && {
      Enabled: Boolean(i.loggingConfig.bucket),
      IncludeCookies: i.loggingConfig.includeCookies,
      Bucket: i.loggingConfig.bucket ?? '',
      Prefix: i.loggingConfig.prefix ?? '',
    },
    Restrictions: {
      GeoRestriction: {
        RestrictionType: i.restrictions.geoRestriction.restrictionType,
        ...many(i.restrictions.geoRestriction.locations),
      },
    },
    ViewerCertificate: {
      ACMCertificateArn: i.viewerCertificate.acmCertificateArn,
      CloudFrontDefaultCertificate: i.viewerCertificate.cloudfrontDefaultCertificate,
      MinimumProtocolVersion: i.viewerCertificate.minimumProtocolVersion,
      SSLSupportMethod: i.viewerCertificate.sslSupportMethod,
    },
  };
}

function cacheBehaviour(b) {
  return {
    TargetOriginId: b.targetOriginId,
    ViewerProtocolPolicy: b.viewerProtocolPolicy,
    AllowedMethods: { ...many(b.allowedMethods), CachedMethods: many(b.cachedMethods) },
    Compress: b.compress,
    CachePolicyId: b.cachePolicyId,
    OriginRequestPolicyId: b.originRequestPolicyId,
    ResponseHeadersPolicyId: b.responseHeadersPolicyId,
    FunctionAssociations: many(
      b.functionAssociations?.map((f) => ({ EventType: f.eventType, FunctionARN: f.functionArn })),
    ),
  };
}

function origin(o) {
  const custom = o.customOriginConfig;
  return {
    Id: o.originId,
    DomainName: o.domainName,
    OriginPath: o.originPath ?? '',
    OriginAccessControlId: o.originAccessControlId,
    ConnectionAttempts: o.connectionAttempts,
    ConnectionTimeout: o.connectionTimeout,
    CustomHeaders: many(
      o.customHeaders?.map((h) => ({ HeaderName: h.name, HeaderValue: h.value })),
    ),
    S3OriginConfig: o.s3OriginConfig && {
      OriginAccessIdentity: o.s3OriginConfig.originAccessIdentity,
    },
    CustomOriginConfig: custom && {
      HTTPPort: custom.httpPort,
      HTTPSPort: custom.httpsPort,
      OriginProtocolPolicy: custom.originProtocolPolicy,
      OriginSslProtocols: many(custom.originSslProtocols),
      OriginReadTimeout: custom.originReadTimeout,
      OriginKeepaliveTimeout: custom.originKeepaliveTimeout,
    },
  };
}

/** A policy of CloudFront: made, changed and named in the same way, each with a document of its own. */
function policy(kind, props, document) {
  const member = `${kind}Config`;
  const named = (i) => ({ Name: i.name, Comment: i.comment, ...document(i) });
  return lab.recorded({
    props: { ...P('name*^'), ...props },
    outs: 'arn etag',
    autoname: shorten(128),
    id: (i) => hash('', `${kind} ${i.name}`),
    create: (i) => [`CloudFront.create${kind}`, { [member]: named(i) }],
    update: (i, c, Id) => [`CloudFront.update${kind}`, { Id, [member]: named(i) }],
    made: async (i, c, id) => ({
      arn: await arn(
        c,
        `${kind.replace(/\B[A-Z]/g, (letter) => `-${letter}`).toLowerCase()}/${id}`,
      ),
      etag: 'etag',
    }),
  });
}

const items = ['obj', P('items:set')];
const selected = (of, has) => ['obj required', { ...P(`${of}Behavior!`), [has]: items }];
const chosen = {
  cookiesConfig: selected('cookie', 'cookies'),
  headersConfig: ['obj required', { ...P('headerBehavior'), headers: items }],
  queryStringsConfig: selected('queryString', 'queryStrings'),
};
const choice = (i) => ({
  CookiesConfig: {
    CookieBehavior: i.cookiesConfig.cookieBehavior,
    Cookies: i.cookiesConfig.cookies && many(i.cookiesConfig.cookies.items),
  },
  HeadersConfig: {
    HeaderBehavior: i.headersConfig.headerBehavior,
    Headers: i.headersConfig.headers && many(i.headersConfig.headers.items),
  },
  QueryStringsConfig: {
    QueryStringBehavior: i.queryStringsConfig.queryStringBehavior,
    QueryStrings:
      i.queryStringsConfig.queryStrings && many(i.queryStringsConfig.queryStrings.items),
  },
});

const key = 'parametersInCacheKeyAndForwardedToOrigin';
module.exports = {
  'cloudfront/distribution:Distribution': lab.recorded(distribution),
  'cloudfront/originAccessControl:OriginAccessControl': policy(
    'OriginAccessControl',
    P('description originAccessControlOriginType! signingBehavior! signingProtocol!'),
    (i) => ({
      Description: i.description,
      OriginAccessControlOriginType: i.originAccessControlOriginType,
      SigningBehavior: i.signingBehavior,
      SigningProtocol: i.signingProtocol,
    }),
  ),
  'cloudfront/cachePolicy:CachePolicy': policy(
    'CachePolicy',
    {
      ...P('comment defaultTtl:int=86400 maxTtl:int=31536000 minTtl:int=0'),
      [key]: [
        'obj required',
        { ...P('enableAcceptEncodingBrotli:bool enableAcceptEncodingGzip:bool'), ...chosen },
      ],
    },
    (i) => ({
      DefaultTTL: i.defaultTtl,
      MaxTTL: i.maxTtl,
      MinTTL: i.minTtl,
      ParametersInCacheKeyAndForwardedToOrigin: {
        EnableAcceptEncodingBrotli: i[key].enableAcceptEncodingBrotli,
        EnableAcceptEncodingGzip: i[key].enableAcceptEncodingGzip ?? false,
        ...choice(i[key]),
      },
    }),
  ),
  'cloudfront/originRequestPolicy:OriginRequestPolicy': policy(
    'OriginRequestPolicy',
    { ...P('comment'), ...chosen },
    choice,
  ),
};
