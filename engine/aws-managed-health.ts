import type { DBInstance } from '@aws-sdk/client-rds';
import type { ReplicationGroup } from '@aws-sdk/client-elasticache';
import { z } from 'zod';
import { places } from '../components/targets/aws/places';
import { AwsAwayError, caches, databases, withAws } from '../provider/aws/api';
import { parseUrn } from '../provider/host/urn';
import { UserError } from './errors';
import { healthOf, type ServiceHealth } from './health';
import type { Outputs } from './outputs';

/** A resource of a stack's state. */
export interface AwsResource {
  readonly urn: string;
  readonly type: string;
  readonly inputs?: Readonly<Record<string, unknown>> | undefined;
  readonly outputs?: unknown;
}

/** Why it is not healthy, and what is worth knowing besides. */
type Verdict = Pick<ServiceHealth, 'reason' | 'note'>;

interface Address {
  readonly region: string;
  readonly id: string;
}

/** Something that AWS runs in the place of a server. */
interface Kind {
  /** As the program says where a service stands. */
  readonly where: string;
  readonly kind: string;
  readonly ask: (address: Address, signal: AbortSignal) => Promise<Verdict>;
}

const kinds: Readonly<Record<string, Kind>> = {
  'aws:rds/instance:Instance': { where: places.database, kind: 'rds', ask: askDatabase },
  'aws:elasticache/replicationGroup:ReplicationGroup': {
    where: places.cache,
    kind: 'elasticache',
    ask: askCache,
  },
};

const stated = z.object({ arn: z.string().startsWith('arn:') });

/**
 * Asks RDS and ElastiCache how what they run for a stack is: whether it answers, and what waits for a restart or for a
 * maintenance window. What AWS refuses to tell is not healthy; missing credentials are thrown.
 */
export async function managedHealth(
  services: Outputs['services'],
  resources: readonly AwsResource[],
  signal = new AbortController().signal,
): Promise<ServiceHealth[]> {
  const told = resources.map(async (resource) => {
    const kind = kinds[resource.type];
    return kind ? health(kind, resource, services, signal) : [];
  });
  return (await Promise.all(told)).flat();
}

async function health(
  { where: made, kind, ask }: Kind,
  { urn, inputs, outputs }: AwsResource,
  services: Outputs['services'],
  signal: AbortSignal,
): Promise<ServiceHealth[]> {
  const address = addressOf(stated.parse(outputs).arn);
  const where = `${made} (${address.id})`;
  const { reason, note } = await verdict(() => ask(address, signal), signal);
  // A replica stands in for nothing.
  const isCopy = inputs?.replicateSourceDb !== undefined;
  const placed = Object.entries(services).filter((entry) => !isCopy && entry[1].where === made);
  return [
    healthOf({ name: parseUrn(urn).name, kind, where }, { reason, note }),
    ...placed.map(([name, service]) => healthOf({ name, kind: service.kind, where }, { reason })),
  ];
}

/** `arn:aws:rds:eu-central-1:123456789012:db:strata-prod-database-1`. */
function addressOf(arn: string): Address {
  const parts = arn.split(':');
  return { region: parts[3] ?? '', id: parts.at(-1) ?? '' };
}

async function verdict(ask: () => Promise<Verdict>, signal: AbortSignal): Promise<Verdict> {
  try {
    return await withAws({ signal }, ask);
  } catch (error) {
    if (!(error instanceof UserError) || error instanceof AwsAwayError) throw error;
    return { reason: `it cannot be asked: ${error.message}` };
  }
}

/** In these AWS goes about its own work, and the database answers. */
const answering =
  /^(?:available|backing-up|configuring-(?:enhanced-monitoring|log-exports)|storage-optimization)$/;

async function askDatabase({ region, id }: Address, abortSignal: AbortSignal): Promise<Verdict> {
  const rds = await databases(region);
  const asked = { DBInstanceIdentifier: id };
  const { DBInstances: [found] = [] } = await rds.describeDBInstances(asked, { abortSignal });
  const reboot = `aws rds reboot-db-instance --region ${region} --db-instance-identifier ${id}`;
  return {
    ...unless(found?.DBInstanceStatus, answering),
    ...noted([...waiting(found), ...parametersOf(found, reboot)]),
  };
}

function parametersOf(found: DBInstance | undefined, reboot: string): string[] {
  const states = (found?.DBParameterGroups ?? []).map((group) => group.ParameterApplyStatus);
  return [
    ...(states.includes('pending-reboot')
      ? [`parameters wait until it is restarted, which is a pause: ${reboot}`]
      : []),
    ...(states.includes('failed-to-apply') ? ['RDS could not apply its parameters'] : []),
  ];
}

async function askCache({ region, id }: Address, abortSignal: AbortSignal): Promise<Verdict> {
  const elasticache = await caches(region);
  const asked = { ReplicationGroupId: id };
  const { ReplicationGroups: [found] = [] } = await elasticache.describeReplicationGroups(asked, {
    abortSignal,
  });
  return {
    ...unless(found?.Status, /^(?:available|snapshotting)$/),
    ...noted([
      ...waiting(found),
      ...(found && found.AutomaticFailover !== 'enabled' ? ['no node takes over by itself'] : []),
    ]),
  };
}

function unless(status: string | undefined, well: RegExp): Verdict {
  if (status !== undefined && well.test(status)) return {};
  return { reason: `AWS says it is ${status ?? 'nowhere'}` };
}

/** The names alone: a password may be among the values. */
function waiting(found: DBInstance | ReplicationGroup | undefined): string[] {
  const values = Object.entries(found?.PendingModifiedValues ?? {});
  const names = values.filter(([, value]) => value !== undefined).map(([name]) => name);
  return names.length > 0 ? [`AWS has yet to apply ${names.join(', ')}`] : [];
}

function noted(notes: readonly string[]): Verdict {
  return notes.length > 0 ? { note: notes.join('; ') } : {};
}
