import type { Recorded, ResourceRule } from '../rule';
import { at, given, is, list, notYetKnown, shown } from '../values';

/** CloudFront's own sets of protocols and ciphers that begin at TLS 1.2 with forward secrecy. */
const modern = /^(TLSv1\.2_20(19|2\d)|TLSv1\.3_\d{4})$/;

/** What a CDN hands out is handed out over TLS, and is nobody's own. */
export const distributions: readonly ResourceRule[] = [
  {
    name: 'distributions-tls',
    description:
      'CloudFront answers over TLS 1.2 or newer, and asks its origins over TLS. Set minimumProtocolVersion to ' +
      'TLSv1.2_2021, viewerProtocolPolicy to redirect-to-https, originProtocolPolicy to https-only.',
    types: ['aws:cloudfront/distribution:Distribution'],
    problems: ({ props }) => [
      ...certificate(props.viewerCertificate),
      ...behaviours(props).flatMap(([name, behaviour]) => {
        const policy = at(behaviour, 'viewerProtocolPolicy');
        return is(policy, 'redirect-to-https', 'https-only')
          ? []
          : [`${name}.viewerProtocolPolicy is ${shown(policy)}`];
      }),
      ...list(props.origins).flatMap((origin, index) => {
        const policy = at(origin, 'customOriginConfig', 'originProtocolPolicy');
        const custom = given(at(origin, 'customOriginConfig'));
        return !custom || is(policy, 'https-only')
          ? []
          : [`origins[${String(index)}] is asked by ${shown(policy)}`];
      }),
    ],
  },
  {
    name: 'distributions-anonymous',
    description:
      'CloudFront keeps nothing that depends on who asks. Leave cookies and Authorization out of its cache policies, ' +
      'its origin request policies and forwardedValues.',
    types: [
      'aws:cloudfront/distribution:Distribution',
      'aws:cloudfront/cachePolicy:CachePolicy',
      'aws:cloudfront/originRequestPolicy:OriginRequestPolicy',
    ],
    problems: ({ props }) => [
      ...forwards(props.parametersInCacheKeyAndForwardedToOrigin),
      ...forwards(props),
      ...behaviours(props).flatMap(([name, behaviour]) => {
        const values = at(behaviour, 'forwardedValues');
        const cookies = at(values, 'cookies', 'forward');
        return [
          ...(given(cookies) && !is(cookies, 'none') ? [`${name} forwards cookies`] : []),
          ...identifying(at(values, 'headers')).map((header) => `${name} forwards ${header}`),
        ];
      }),
    ],
  },
];

function behaviours(props: Recorded['props']): (readonly [string, unknown])[] {
  if (!given(props.defaultCacheBehavior)) return [];
  return [
    ['defaultCacheBehavior', props.defaultCacheBehavior],
    ...list(props.orderedCacheBehaviors).map(
      (behaviour, index) => [`orderedCacheBehaviors[${String(index)}]`, behaviour] as const,
    ),
  ];
}

function certificate(value: unknown): string[] {
  const version = at(value, 'minimumProtocolVersion');
  return is(version) || (typeof version === 'string' && modern.test(version))
    ? []
    : [`minimumProtocolVersion is ${shown(version)}`];
}

/** What a policy forwards of who asks. */
function forwards(parameters: unknown): string[] {
  const cookies = at(parameters, 'cookiesConfig', 'cookieBehavior');
  const headers = at(parameters, 'headersConfig');
  const behaviour = at(headers, 'headerBehavior');
  const all = typeof behaviour === 'string' && behaviour.startsWith('allViewer');
  return [
    ...(given(cookies) && !is(cookies, 'none') ? ['it forwards cookies'] : []),
    ...(all ? ['it forwards all headers'] : []),
    ...identifying(at(headers, 'headers', 'items')).map((header) => `it forwards ${header}`),
  ];
}

/** Headers that say who asks; `*` are all. */
function identifying(headers: unknown): string[] {
  if (headers === notYetKnown) return [];
  return list(headers)
    .filter((header) => typeof header === 'string')
    .filter((header) => /^(\*|authorization|cookie|x-api-key)$/i.test(header));
}
