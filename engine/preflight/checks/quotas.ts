import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeVpcsCommand,
  type Instance,
} from '@aws-sdk/client-ec2';
import { GetServiceQuotaCommand } from '@aws-sdk/client-service-quotas';
import { type Check, type Finding, ok, warning, wrong } from '../check';
import type { Clients } from '../clients';
import { allPages } from '../pages';
import { isOf, type Quota } from '../quota';
import type { Subject } from '../subject';
import { described } from './instance-types';
import { managedQuotas } from './managed-quotas';

const name = 'quotas';

/** What the account may have in the region is enough beside what it has already. */
export const quotas: Check = {
  name,
  permissions: [
    'servicequotas:GetServiceQuota',
    'ec2:DescribeInstances',
    'ec2:DescribeInstanceTypes',
    'ec2:DescribeAddresses',
    'ec2:DescribeVpcs',
    'rds:DescribeDBInstances',
    'elasticache:DescribeCacheClusters',
  ],
  async run(subject, clients) {
    const wanted = await Promise.all([
      processors(subject, clients),
      addresses(subject, clients),
      networks(subject, clients),
      ...managedQuotas(subject, clients),
    ]);
    return Promise.all(wanted.map((quota) => compared(quota, clients)));
  },
};

async function compared(quota: Quota, { quotas: client }: Clients): Promise<Finding> {
  const { what, service, code, used, needed, whileReplacing } = quota;
  const limit = await limitOf(service, code, client);
  const sum = `${needed} needed and ${used} in use`;
  const advice = `Ask for more: aws service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --desired-value ${used + needed + whileReplacing}`;
  if (limit === undefined) {
    return warning(
      name,
      `${what}: ${sum}; AWS does not say how many there may be`,
      `Look in the console, Service Quotas, ${service} ${code}.`,
    );
  }
  if (used + needed > limit) return wrong(name, `${what}: ${sum}, of ${limit}`, advice);
  if (used + needed + whileReplacing > limit) {
    return warning(
      name,
      `${what}: ${sum}, of ${limit}; a release needs ${whileReplacing} more for as long as it replaces servers`,
      advice,
    );
  }
  return ok(name, `${what}: ${sum}, of ${limit}`);
}

async function limitOf(
  ServiceCode: string,
  QuotaCode: string,
  client: Clients['quotas'],
): Promise<number | undefined> {
  try {
    const { Quota: found } = await client.send(
      new GetServiceQuotaCommand({ ServiceCode, QuotaCode }),
    );
    return found?.Value;
  } catch (error) {
    if ((error as Error).name === 'NoSuchResourceException') return undefined;
    throw error;
  }
}

/** Virtual processors of servers on demand of families A, C, D, H, I, M, R, T and Z. */
async function processors({ servers, tags }: Subject, clients: Clients): Promise<Quota> {
  const infos = await described(servers, clients);
  const each = (instanceType: string) => infos.get(instanceType)?.VCpuInfo?.DefaultVCpus ?? 0;
  const sum = (of: Subject['servers']) =>
    of.reduce((total, { instanceType, count }) => total + each(instanceType) * count, 0);
  const others = (await running(clients)).filter((instance) => !isOf(tags, instance));
  return {
    what: 'vCPUs of servers on demand',
    service: 'ec2',
    code: 'L-1216C47A',
    used: others.reduce((total, instance) => total + processorsOf(instance), 0),
    needed: sum(servers),
    whileReplacing: sum(servers.filter(({ replacedSideBySide }) => replacedSideBySide)),
  };
}

async function addresses({ addresses: needed, tags }: Subject, { ec2 }: Clients): Promise<Quota> {
  const { Addresses: all = [] } = await ec2.send(new DescribeAddressesCommand({}));
  const used = all.filter((address) => !isOf(tags, address)).length;
  return {
    what: 'Elastic IP addresses',
    service: 'ec2',
    code: 'L-0263D0A3',
    used,
    needed,
    whileReplacing: 0,
  };
}

async function networks({ tags }: Subject, { ec2 }: Clients): Promise<Quota> {
  const { Vpcs: all = [] } = await ec2.send(new DescribeVpcsCommand({}));
  const used = all.filter((vpc) => !isOf(tags, vpc)).length;
  return {
    what: 'networks (VPCs)',
    service: 'vpc',
    code: 'L-F678F1CE',
    used,
    needed: 1,
    whileReplacing: 0,
  };
}

async function running({ ec2 }: Clients): Promise<Instance[]> {
  const Filters = [{ Name: 'instance-state-name', Values: ['pending', 'running'] }];
  const reservations = await allPages(async (mark) => {
    const page = await ec2.send(new DescribeInstancesCommand({ Filters, NextToken: mark }));
    return { items: page.Reservations, next: page.NextToken };
  });
  return reservations.flatMap(({ Instances = [] }) => Instances);
}

/** Families whose servers count to other quotas than the standard one. */
const otherFamilies = /^(?:dl|f|g|hpc|inf|mac|p|trn|u|vt|x)\d/;

function processorsOf({ CpuOptions, InstanceType, InstanceLifecycle }: Instance): number {
  if (otherFamilies.test(InstanceType ?? '') || InstanceLifecycle === 'spot') return 0;
  return (CpuOptions?.CoreCount ?? 0) * (CpuOptions?.ThreadsPerCore ?? 1);
}
