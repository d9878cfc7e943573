import { dashboards } from '../../../components/services/monitoring/dashboards/dashboards';
import { rules } from '../../../components/services/monitoring/rules/rules';
import { platform, settingsWith } from './settings';

const words = new Set(['and', 'or', 'unless', 'offset', 'bool']);

/** The names of the figures that a query of PromQL asks for. */
export function figuresOf(query: string): string[] {
  const bare = query
    .replaceAll(/"[^"]*"/g, '""')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, '');
  const names = [...bare.matchAll(/(?<![\w.:])[a-zA-Z_:][\w:]*\b(?!\s*\()/g)].map(([name]) => name);
  return [...new Set(names)].filter((name) => !words.has(name)).sort();
}

/** Every query of the alerts and of the panels. */
export function queries(): string[] {
  const alloy = { ...platform[0], name: 'alloy' } as (typeof platform)[number];
  const targets = [{ job: 'guard', replicas: 2, servers: 1 }];
  const alerts = Object.values(rules(settingsWith(), targets, [...platform, alloy])).flat();
  const panels = Object.values(dashboards).flatMap((dashboard) => dashboard.panels);
  return [
    ...alerts.map(({ expr }) => expr),
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ];
}
