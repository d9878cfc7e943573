import { stringify } from 'yaml';
import type { Service } from '../../service';
import type { Monitored } from '../names';
import { databaseRules } from './database';
import { gatewayRules, logRules } from './gateway';
import { hostRules } from './host';
import { poolerRules } from './pooler';
import { redisRules } from './redis';
import type { Rule, Watched } from './rule';
import { auditRules, securityRules } from './security';
import { targetRules } from './targets';
import { backupRules, functionRules, storageRules } from './work';

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
  const groups: Record<string, readonly Rule[]> = {
    targets: targetRules(targets),
    host: hostRules,
    database: databaseRules,
    audit: auditRules,
    ...(has('gateway') && { gateway: gatewayRules }),
    ...(has('gateway') && has('alloy') && { log: logRules }),
    ...(has('guard') && { security: securityRules }),
    ...(has('pooler') && { pooler: poolerRules }),
    ...(has('backup') && { backups: backupRules }),
    ...(has('redis') && { redis: redisRules }),
    ...(has('functions') && { functions: functionRules }),
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

/** rules.yml. Pure. */
export function renderRules(groups: ReturnType<typeof rules>): string {
  return stringify({
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
}
