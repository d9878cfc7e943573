import { stringify } from 'yaml';
import type { FileContent, Service } from '../../service';
import type { Monitored } from '../names';
import { certificateEnds, certificateRules } from './certificates';
import { databaseRules } from './database';
import { gatewayRules, logRules } from './gateway';
import { hostRules } from './host';
import { poolerRules } from './pooler';
import { redisRules } from './redis';
import type { Rule, Watched } from './rule';
import { auditRules, securityRules, sessionRules } from './security';
import { targetRules } from './targets';
import { backupRules, functionRules, storageRules, workerRules } from './work';

/**
 * The rules for what is there, by group: a rule about something that is not there could never fire, and would look as
 * if it watched. `targets` are what Prometheus reads, `services` all services. Pure.
 */
export function rules(
  settings: Monitored,
  targets: readonly Watched[],
  services: readonly Service[],
): Readonly<Record<string, readonly (Rule & { readonly runbook: string })[]>> {
  const has = (name: string) => services.some((service) => service.name === name);
  const worker = 'functions-worker';
  const groups: Record<string, readonly Rule[]> = {
    targets: targetRules(targets),
    host: hostRules,
    database: databaseRules,
    audit: auditRules,
    certificates: certificateRules(innerHosts(services)),
    ...(has('gateway') && { gateway: gatewayRules }),
    ...(has('gateway') && has('alloy') && { log: logRules }),
    ...(has('guard') && { security: securityRules }),
    ...(has('sessions') && { sessions: sessionRules }),
    ...(has('pooler') && { pooler: poolerRules }),
    ...(has('backup') && { backups: backupRules }),
    ...(has('redis') && { redis: redisRules }),
    // An application without HTTP functions has a worker alone.
    ...((has('functions') || has(worker)) && { functions: functionRules }),
    ...(has(worker) && { work: workerRules }),
    ...(has('storage') && { storage: storageRules }),
  };
  const base = settings.monitoring.runbooks ?? 'docs/runbooks.md';
  return Object.fromEntries(
    Object.entries(groups).map(([group, members]) => [
      group,
      members.map((rule) => ({ ...rule, runbook: `${base}#${rule.alert.toLowerCase()}` })),
    ]),
  );
}

/** Hosts inside whose certificates no probe from outside sees. */
function innerHosts(services: readonly Service[]): string[] {
  return ['database', ...services.map(({ name }) => name).filter((name) => name === 'pooler')];
}

/** rules.yml; a template, because a certificate's end is known only when it is made. Pure. */
export function renderRules(
  groups: ReturnType<typeof rules>,
  services: readonly Service[],
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
  return { template, secrets: certificateEnds(innerHosts(services)) };
}
