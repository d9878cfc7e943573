import { stringify } from 'yaml';
import { linkCertificates } from '../../../links/names';
import { hasManagedDatabase } from '../../../settings/aws-database';
import type { Settings } from '../../../settings/schema';
import type { FileContent, Service, Workload } from '../../service';
import { isAsked } from '../blackbox';
import type { Monitored } from '../names';
import { postgrestRules } from './apis';
import { gotrueRules, oauthRules, sessionRules } from './auth';
import { certificateEnds, certificateRules } from './certificates';
import { databaseRules } from './database';
import { imgproxyRules, scannerRules, storageRules, supabaseStorageRules } from './files';
import { gatewayRules, logRules, routeRules } from './gateway';
import { hostRules } from './host';
import { poolerRules } from './pooler';
import { realtimeRules } from './realtime';
import { redisRules } from './redis';
import type { Rule, Watched } from './rule';
import { auditRules, securityRules, socketRules } from './security';
import { answerRules, healthRules } from './services';
import { ownRules, targetRules } from './targets';
import { backupRules, functionRules, tenantRules, workerRules } from './work';

/** Rules about the same thing. */
interface Group {
  readonly name: string;
  /** Which services they watch: there are such rules where there is one of them, for one that is not there would never fire. */
  readonly of: (service: Service) => boolean;
  /** A service besides without which their figures are not there. */
  readonly by?: string;
  /** What they watch is there wherever monitoring is. */
  readonly always?: true;
  readonly rules: readonly Rule[];
}

function groupsOf(targets: readonly Watched[], inner: readonly string[]): readonly Group[] {
  return [
    { name: 'targets', of: hasFigures, always: true, rules: targetRules(targets) },
    { name: 'monitoring', of: called('prometheus', 'alertmanager'), always: true, rules: ownRules },
    {
      name: 'host',
      of: ({ name }) => name.startsWith('node-exporter'),
      always: true,
      rules: hostRules,
    },
    { name: 'database', of: called('database'), always: true, rules: databaseRules },
    { name: 'audit', of: called('database'), always: true, rules: auditRules },
    {
      name: 'certificates',
      of: called('database', 'pooler'),
      always: true,
      rules: certificateRules(inner),
    },
    { name: 'health', of: isAsked, by: 'gateway', rules: healthRules },
    { name: 'gateway', of: called('gateway'), rules: gatewayRules },
    { name: 'routes', of: hasRoutes, by: 'gateway', rules: routeRules },
    { name: 'log', of: called('gateway'), by: 'alloy', rules: logRules },
    { name: 'answers', of: hasRoutes, by: 'alloy', rules: answerRules },
    { name: 'security', of: called('guard'), rules: securityRules },
    { name: 'sockets', of: called('guard'), rules: socketRules },
    { name: 'sessions', of: called('sessions'), rules: sessionRules },
    { name: 'oauth', of: called('oauth'), rules: oauthRules },
    { name: 'gotrue', of: called('gotrue'), rules: gotrueRules },
    { name: 'pooler', of: called('pooler'), rules: poolerRules },
    { name: 'backups', of: called('backup'), rules: backupRules },
    { name: 'redis', of: called('redis'), rules: redisRules },
    { name: 'postgrest', of: called('postgrest'), rules: postgrestRules },
    // An application without HTTP functions has a worker alone.
    { name: 'functions', of: called('functions', 'functions-worker'), rules: functionRules },
    { name: 'work', of: called('functions-worker'), rules: workerRules },
    { name: 'tenants', of: called('tenants'), rules: tenantRules },
    { name: 'realtime', of: called('realtime'), rules: realtimeRules },
    { name: 'storage', of: called('storage'), rules: storageRules },
    { name: 'scanner', of: called('clamav'), rules: scannerRules },
    { name: 'supabase-storage', of: called('supabase-storage'), rules: supabaseStorageRules },
    { name: 'imgproxy', of: called('imgproxy'), rules: imgproxyRules },
  ];
}

/**
 * The rules for what is there, by group. `targets` are what Prometheus reads, `services` all services. Pure.
 */
export function rules(
  settings: Monitored,
  targets: readonly Watched[],
  services: readonly Service[],
): Readonly<Record<string, readonly (Rule & { readonly runbook: string })[]>> {
  const has = (name: string) => services.some((service) => service.name === name);
  const base = settings.monitoring.runbooks ?? 'docs/runbooks.md';
  return Object.fromEntries(
    groupsOf(targets, innerHosts(settings, services))
      .filter(({ of, always }) => always === true || services.some(of))
      .filter(({ by }) => by === undefined || has(by))
      .map(({ name, rules: members }) => [
        name,
        members.map((rule) => ({ ...rule, runbook: `${base}#${rule.alert.toLowerCase()}` })),
      ]),
  );
}

/** The names of the alerts that watch a service, where everything that they need is there. */
export function alertsOf(service: Workload): string[] {
  const watched = { job: service.name, replicas: service.replicas, servers: 1 };
  return groupsOf([watched], [service.name])
    .filter(({ of }) => of(service))
    .flatMap(({ rules: members }) => members.map(({ alert }) => alert));
}

function called(...names: readonly string[]): Group['of'] {
  return ({ name }) => names.includes(name);
}

function hasFigures(service: Service): boolean {
  return service.kind === 'workload' && service.metrics !== undefined && 'port' in service.metrics;
}

function hasRoutes(service: Service): boolean {
  return service.kind === 'workload' && Object.keys(service.routes).length > 0;
}

/** Hosts inside whose certificates no probe from outside sees. */
export function innerHosts(settings: Settings, services: readonly Service[]): string[] {
  const pooler = services.map(({ name }) => name).filter((name) => name === 'pooler');
  // Who manages the database renews its certificate.
  const database = hasManagedDatabase(settings) ? [] : ['database'];
  return [...database, ...pooler, ...linkCertificates(settings.tier)];
}

/** rules.yml; a template, because the ends of the certificates of `inner` are known only when they are made. Pure. */
export function renderRules(
  groups: ReturnType<typeof rules>,
  inner: readonly string[],
): FileContent {
  const template = stringify({
    groups: Object.entries(groups).map(([name, members]) => ({
      name,
      rules: members.map(
        ({ alert, expr, for: during, severity, summary, description, runbook }) => ({
          alert,
          expr,
          ...(during !== undefined && { for: during }),
          labels: { severity },
          annotations: { summary, description, runbook_url: runbook },
        }),
      ),
    })),
  });
  return { template, secrets: certificateEnds(inner) };
}
