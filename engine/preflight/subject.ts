import { names } from '../../components/data/names';
import { ledToCache } from '../../components/links/way-to-cache';
import { planOf } from '../../components/plan';
import { hasManagedCache, natOf, zonesOf } from '../../components/settings/aws';
import { declaredDatabases } from '../../components/settings/aws-database';
import { cacheNode, nodeCount } from '../../components/settings/elasticache';
import { databaseVersion, managedDatabase } from '../../components/settings/rds';
import type { Settings } from '../../components/settings/schema';
import { awsName } from '../../components/targets/aws/naming';
import { memoryBytes } from '../../components/targets/memory';
import type { ServerGroup } from '../../components/targets/target';
import { groupsOf } from '../../components/tiers/placement';

/** Servers of one group. */
export interface WantedServers {
  readonly group: string;
  readonly instanceType: string;
  readonly count: number;
  /** A release starts new ones before it ends the old. */
  readonly replacedSideBySide: boolean;
  /** Where they may stand. */
  readonly zones: readonly string[];
  /** What the services on one of them may take together at most, in MiB. */
  readonly memory: number;
}

/** What is to be deployed, as far as checks ask. */
export interface Subject {
  /** What everything of this stack is tagged with. */
  readonly tags: { readonly project: string; readonly stack: string };
  readonly region: string;
  /** The image of servers that the settings name. */
  readonly image?: string;
  readonly zones: readonly string[];
  readonly servers: readonly WantedServers[];
  /** Of RDS, where it has the database. */
  readonly rds?: {
    readonly instanceClass: string;
    /** Postgres' major. */
    readonly version: string;
    readonly multiAz: boolean;
    /** With its replicas. */
    readonly instances: number;
  };
  /** Of ElastiCache, where it has the cache. */
  readonly elasticache?: {
    /** What AWS calls it. */
    readonly id: string;
    readonly nodeType: string;
    readonly nodes: number;
  };
  /** How many Elastic IP addresses. */
  readonly addresses: number;
  readonly domain: string;
  readonly dnsZone?: string;
  readonly certificate?: string;
}

/** What the settings of a stack on AWS ask for. */
export function subjectOf(tags: Subject['tags'], settings: Settings): Subject {
  const { region, image, dnsZone, certificate } = settings.aws;
  const zones = zonesOf(settings.aws);
  const groups = ledToCache(groupsOf(settings.tier, planOf(settings)), settings);
  const balanced = groups.some((group) => group.balanced);
  return {
    tags,
    region,
    zones,
    servers: groups.map((group) => wanted(group, zones, settings)),
    addresses: { none: 0, one: 1, 'per-zone': zones.length }[natOf(settings)] + (balanced ? 0 : 1),
    domain: settings.domain,
    ...(declaredDatabases(settings.aws).managed && { rds: wantedDatabase(settings) }),
    ...(hasManagedCache(settings) && { elasticache: wantedCache(tags, settings) }),
    ...(image !== undefined && { image }),
    ...(dnsZone !== undefined && { dnsZone }),
    ...(certificate !== undefined && { certificate }),
  };
}

function wanted(group: ServerGroup, zones: readonly string[], { aws }: Settings): WantedServers {
  const services = group.services.filter(({ kind }) => kind === 'workload');
  const bytes = services.reduce((sum, service) => {
    const replicas = service.kind === 'workload' ? service.replicas : 1;
    return sum + (memoryBytes(service) ?? 0) * replicas;
  }, 0);
  return {
    group: group.name,
    instanceType: aws.instanceTypes[group.name],
    count: group.count,
    replacedSideBySide: group.balanced,
    // Data cannot change its zone, and what stands beside it is started in the same.
    zones: group.balanced ? zones : zones.slice(0, 1),
    memory: Math.ceil(bytes / 1024 ** 2),
  };
}

function wantedDatabase(settings: Settings): NonNullable<Subject['rds']> {
  const { instanceClass, multiAz, replicas } = managedDatabase(settings);
  return { instanceClass, version: databaseVersion, multiAz, instances: 1 + replicas };
}

function wantedCache(
  { stack }: Subject['tags'],
  settings: Settings,
): NonNullable<Subject['elasticache']> {
  const id = awsName(stack, names.volume('queue', 1), 40);
  return { id, nodeType: cacheNode(settings).type, nodes: nodeCount };
}
