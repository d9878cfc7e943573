import { names } from '../../components/data/names';
import { Platform } from '../../components/platform';
import { parseSettings } from '../../components/settings/read';
import type { Settings } from '../../components/settings/schema';
import { graph, type Answers, type Registered } from './graph';

const tenants = {
  acme: { members: { ann: 'admin', bob: 'member' } },
  globex: { name: 'Globex', members: { gus: 'admin' } },
};

/** What the providers would answer. Whatever is secret says so: `password-of-…`, `key-of-…`. */
const answers: Answers = {
  'strata:secrets:Password': (name) => ({ result: `password-of-${name}` }),
  'random:index/randomPassword:RandomPassword': (name) => ({ result: `password-of-${name}` }),
  'strata:local:Volume': () => ({}),
  'strata:local:Postgres': () => ({
    systemIdentifier: '42',
    version: '18.4',
    running: true,
    address: '127.0.0.1',
  }),
  'strata:local:Process': () => ({ running: true, pid: 1, log: 'log' }),
  'strata:local:Job': () => ({ ranAt: 'now', exitCode: 0 }),
  'strata:database:Server': () => ({ systemIdentifier: '42', version: '18.6' }),
  'strata:database:AppliedMigration': () => ({}),
  'strata:database:Migration': () => ({ sha256: 'x', appliedAt: 'now' }),
  'strata:database:Login': () => ({ accepted: true }),
  'strata:database:Vendor': () => ({ sound: true }),
  'strata:hasura:Metadata': () => ({ applied: 'x', live: 'x' }),
  'strata:database:Tenant': (name) => ({ tenantId: name }),
  'strata:tenancy:Table': () => ({ applied: 'x', live: 'x' }),
  'strata:tenancy:Declared': () => ({ accepted: [], live: [] }),
  'strata:tenancy:Template': () => ({}),
  'strata:tenancy:Shard': () => ({}),
  'strata:tenancy:Places': () => ({ places: 0, behind: 0 }),
  'strata:tenancy:Audit': () => ({ live: [] }),
  'strata:tls:Authority': issued,
  'strata:tls:Certificate': issued,
  'strata:docker:Volume': () => ({}),
  'strata:docker:Image': (name) => ({ reference: `strata/${name}:0123456789abcdef` }),
  'strata:docker:Files': (name) => ({ volume: `volume-of-${name}` }),
  'strata:docker:Machine': () => ({}),
  'strata:docker:Ready': () => ({ ready: true }),
  'strata:docker:Job': () => ({ ranAt: 'now', exitCode: 0 }),
  'docker:index/network:Network': () => ({}),
  'docker:index/remoteImage:RemoteImage': (name) => ({ imageId: `sha256:${name}` }),
  'docker:index/container:Container': () => ({}),
  'pulumi:providers:docker': () => ({}),
  'pulumi:providers:aws': () => ({}),
  'strata:aws:Command': () => ({ commandId: 'command', ranAt: 'now' }),
  'strata:aws:Rollout': () => ({ live: 'lt-0123456789abcdef0:1' }),
  'strata:aws:ServerImage': () => ({ imageId: 'ami-0123456789abcdef0' }),
  'aws:*': ofAws,
  'aws:index/getCallerIdentity:getCallerIdentity': () => ({ accountId: '123456789012' }),
  'aws:ssm/getParameter:getParameter': () => ({ value: 'ami-0123456789abcdef0' }),
};

/** What every resource of AWS might be asked for. */
export function ofAws(name: string, type: string): Record<string, unknown> {
  const proof = { resourceRecordName: '_x', resourceRecordType: 'CNAME', resourceRecordValue: 'y' };
  return {
    address: `${name}.0123456789ab.eu-central-1.rds.amazonaws.com`,
    arn: type.startsWith('aws:s3/')
      ? `arn:aws:s3:::bucket-${name}`
      : `arn:aws:test:eu-central-1:123456789012:${type}/${name}`,
    arnSuffix: `suffix/${name}`,
    bucket: `bucket-${name}`,
    certificateArn: `arn:aws:acm:eu-central-1:123456789012:certificate/${name}`,
    dnsName: `${name}.elb.example`,
    domainName: `${name}.cloudfront.example`,
    hostedZoneId: 'Z2FDTNDATAQYW2',
    secret: `key-of-${name}`,
    // A name and what is below it are proved by one record.
    domainValidationOptions: [proof, proof],
    fqdn: `${name}.example.org`,
    keyId: `key-${name}`,
    latestVersion: 1,
    primaryEndpointAddress: `master.${name}.0123456789.euc1.cache.amazonaws.com`,
    publicIp: '203.0.113.7',
    versionId: `version-of-${name}`,
    zoneId: 'Z0123456789',
  };
}

function issued(name: string): Record<string, string> {
  return { certificate: `certificate-of-${name}`, key: `key-of-${name}`, expires: 'later' };
}

/** The settings of a config with two tenants; members are JSON as Pulumi hands them over. */
export function settingsOf(config: Readonly<Record<string, unknown>>): Settings {
  const given = { tenancy: { tenants }, ...config };
  const raw = Object.entries(given).map(([key, value]) => [
    `strata:${key}`,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return parseSettings(Object.fromEntries(raw) as Record<string, string>, ['strata:secrets']);
}

/** What a deployment of this config registers. */
export function deploy(
  config: Readonly<Record<string, unknown>>,
  preview: boolean,
): Promise<Registered[]> {
  const settings = settingsOf(config);
  return graph(() => new Platform(names.platform, settings), answers, preview);
}

/** The urns of all that a resource waits for. */
export function reached(all: readonly Registered[], from: Registered): Set<string> {
  const seen = new Set<string>();
  const visit = (urn: string): void => {
    if (seen.has(urn)) return;
    seen.add(urn);
    all.find((resource) => resource.urn === urn)?.dependencies.forEach(visit);
  };
  from.dependencies.forEach(visit);
  return seen;
}

/** The signature under which Pulumi serialises special values, and that of a secret. */
const signature = '4dabf18193072939515e22adb298388d';
const secretSignature = '1b47061264138c4ac30d75fd1eb44270';

/** Every text of an input that is not wrapped as a secret. */
export function plainTexts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  if (isSecret(value)) return [];
  return Object.values(value).flatMap(plainTexts);
}

/** Whether Pulumi keeps a value encrypted. */
export function isSecret(value: unknown): boolean {
  const sign = (value as Record<string, unknown> | null | undefined)?.[signature];
  return sign === secretSignature;
}
