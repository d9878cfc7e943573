import * as pulumi from '@pulumi/pulumi';
import { monitoringSchema } from '../../components/settings/monitoring';
import type { TierName } from '../../components/settings/schema';
import type { Account } from '../../components/targets/aws/account';
import { Alarms } from '../../components/targets/aws/alarms/alarms';
import { Balancer } from '../../components/targets/aws/balancer';
import { releases } from '../../components/targets/aws/bucket';
import { PublicCertificate } from '../../components/targets/aws/certificate';
import { Domain } from '../../components/targets/aws/domain';
import { Doors } from '../../components/targets/aws/doors';
import { Endpoints } from '../../components/targets/aws/endpoints';
import { Key } from '../../components/targets/aws/key';
import { Network } from '../../components/targets/aws/network';
import { PublicAddress } from '../../components/targets/aws/public-address';
import { ServerRole } from '../../components/targets/aws/role';
import { graph, type Registered } from './graph';
import { ofAws } from './platform';

const zones = ['eu-central-1a', 'eu-central-1b'];
export const boundary = 'arn:aws:iam::123456789012:policy/boundary';
const account: Account = { id: '123456789012', region: 'eu-central-1', boundary };

/** The ARN of what AWS made under a name. */
export function arnOf(type: string, name: string): unknown {
  return ofAws(name, `aws:${type}`).arn;
}

/** Whom alarms reach: each kind of receiver. */
const told = monitoringSchema.parse({
  receivers: {
    team: { kind: 'mail', to: ['ops@example.org'] },
    chat: { kind: 'slack', url: 'slack-url', channel: '#alerts' },
    phone: { kind: 'telegram', token: 'bot-token', chat: -100 },
    pager: { kind: 'webhook', url: 'https://pager.example.org/', token: 'pager-token' },
  },
  send: { critical: ['team', 'phone', 'pager'], warning: ['team', 'chat'] },
});

/** The groups of each tier, as `groupsOf` has them. */
export const groups = {
  single: [{ name: 'server', balanced: false }],
  split: [
    { name: 'data', balanced: false },
    { name: 'app', balanced: false },
  ],
  'load-balanced': [
    { name: 'data', balanced: false },
    { name: 'operations', balanced: false },
    { name: 'app', balanced: true },
  ],
} as const satisfies Record<TierName, unknown>;

export const front = { single: 'server', split: 'app', 'load-balanced': 'app' } as const;

/** All that stands around the servers of a tier. */
export async function foundation(tier: TierName, preview: boolean): Promise<Registered[]> {
  const all = await graph(() => register(tier), { 'aws:*': ofAws }, preview);
  // What waits for another is registered when that is there: in any order.
  return all.sort((a, b) => (a.urn < b.urn ? -1 : 1));
}

function register(tier: TierName): void {
  const balanced = tier === 'load-balanced';
  const ports = { http: 8080, https: 8443, links: 9443 };
  const repositories = [
    'arn:aws:ecr:eu-central-1:123456789012:repository/docker-hub/library/nginx',
  ];
  const key = new Key('key', { account });
  const nat = ({ single: 'none', split: 'one', 'load-balanced': 'per-zone' } as const)[tier];
  const network = new Network('network', {
    account,
    cidr: '10.60.0.0/16',
    zones,
    nat,
    key: key.arn,
    logDays: 30,
  });
  const { vpc } = network;
  const doors = new Doors('doors', { vpc, groups: groups[tier], front: front[tier], ports });
  const bucket = releases('releases', key.arn, {});
  const role = { account, repositories, key: key.arn, releases: bucket.arn };
  for (const { name, balanced } of groups[tier]) {
    new ServerRole(`role-${name}`, {
      ...role,
      group: name,
      balanced,
      secret: `arn-of-secret-${name}`,
    });
  }
  new Endpoints('endpoints', {
    account,
    vpc,
    subnets: network.subnets('private'),
    callers: doors.groups,
    services: ['ssm', 'secretsmanager'],
  });
  const names = { domain: 'example.org', zone: 'Z1' };
  const servers = Object.fromEntries(
    groups[tier]
      .filter((group) => !group.balanced)
      .map(({ name }) => [name, { id: `id-of-${name}`, instanceType: 'm7i.large' }]),
  );
  const secret = (name: string) => pulumi.secret(`value-of-${name}`);
  const alarms = { account, key: key.arn, monitoring: told, secret, servers };
  if (!balanced) {
    const { address } = new PublicAddress('entrance', { instance: `id-of-${front[tier]}` });
    new Domain('domain', { ...names, entrance: { address } });
    new Alarms('alarms', alarms);
    return;
  }
  const { arn } = new PublicCertificate('certificate', { ...names, below: true });
  const balancer = new Balancer('balancer', {
    account,
    vpc,
    subnets: network.subnets('public'),
    network,
    securityGroup: doors.balancer ?? '',
    ports,
    certificate: arn,
    idleSeconds: 60,
    logDays: 90,
    requests: 20_000,
  });
  new Domain('domain', { ...names, entrance: { balancer: balancer.address } });
  new Alarms('alarms', { ...alarms, balancer: balancer.metrics });
}

/** The inputs of those of a type, such as `ec2/subnet:Subnet`, by name. */
export function ofType(
  all: readonly Registered[],
  type: string,
): Record<string, Record<string, unknown>> {
  const made = all.filter((resource) => resource.type === `aws:${type}`);
  const found = Object.fromEntries(made.map(({ name, inputs }) => [name, inputs]));
  if (Object.keys(found).length < made.length) throw new Error(`two ${type} have the same name`);
  return found;
}

/** One that must be there. */
export function one(all: readonly Registered[], type: string, name: string): Registered {
  const found = all.find((made) => made.type === `aws:${type}` && made.name === name);
  if (!found) throw new Error(`no ${type} ${name} was registered`);
  return found;
}

export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Principal?: unknown;
  readonly Action: string | string[];
  readonly Resource?: string | string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Every statement of every policy, with whose it is. */
export function statementsOf(
  all: readonly Registered[],
): { readonly of: string; readonly statement: PolicyStatement }[] {
  return all.flatMap(({ type, name, inputs }) =>
    ['policy', 'assumeRolePolicy'].flatMap((property) => {
      const text = inputs[property];
      if (typeof text !== 'string') return [];
      const { Statement } = JSON.parse(text) as { Statement: PolicyStatement[] };
      return Statement.map((statement) => ({
        of: `${type.split(':')[2] ?? ''} ${name}`,
        statement,
      }));
    }),
  );
}

/** A word or a list of words of a policy, as a list. */
export function words(value: string | readonly string[] = []): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}
