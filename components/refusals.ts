import { root } from '../engine/root';
import { wantedTenants } from './data/tenants';
import { noTables, readApplication } from './plan';
import { tenantProblems } from './services/database/memory';
import { mailProblems } from './services/auth/mail';
import { behindGateway, environmentProblems } from './services/catalogue';
import { choiceProblems } from './services/choice';
import type { Service } from './services/service';
import { customConflicts } from './settings/custom-conflicts';
import type { Problem } from './settings/errors';
import { missingFiles } from './settings/folders';
import { missingSecrets } from './settings/named-secrets';
import type { SettingName, Settings, TargetName } from './settings/schema';
import { showKey } from './settings/show';
import { refusals as aws } from './targets/aws/refusals';
import { containerRefusals } from './targets/container-refusals';
import { refusals as embedded } from './targets/embedded/refusals';

/** What each target cannot do of what settings ask; `services` are those of the deployment, without the gateway. */
const ofTarget: Partial<
  Record<TargetName, (settings: Settings, services: readonly Service[]) => Problem[]>
> = { docker: containerRefusals, aws, embedded };

/** What decides about the others: a default in the place of one that cannot be read would be called wrong. */
const judged: readonly SettingName[] = ['app', 'target', 'preset', 'services', 'customServices'];

/**
 * What cannot be deployed of well-formed settings: what is named and not there, what the target or a service does not
 * take, and what does not go together once it is known which services there are.
 * `readable` tells which settings are what was given, and not a default in its place.
 */
export function refusals(
  settings: Settings,
  readable: (name: SettingName) => boolean = () => true,
): Problem[] {
  const missing = missingFiles({ settings, readable }, root);
  const target = ofTarget[settings.target];
  if (!target || !judged.every(readable)) return missing;
  const hasApp = !missing.some(({ key }) => key === showKey(['app']));
  const { application, problems } = hasApp ? readApplication(settings) : withoutApp(settings);
  const services = behindGateway(application);
  return [
    ...missing,
    ...target(settings, services),
    ...choiceProblems(settings),
    ...mailProblems(settings),
    ...environmentProblems(application),
    ...(hasContainers(settings) ? tenantProblems(settings.database, ownDatabases(settings)) : []),
    ...problems,
    ...(readable('secrets') ? missingSecrets(settings) : []),
    // Functions that cannot be read would be called services that are not there.
    ...(hasApp && problems.length === 0
      ? customConflicts(settings.customServices, names(services, settings))
      : []),
  ];
}

/** Without containers there is no pooler, and Postgres takes what it is started with. */
function hasContainers({ target }: Settings): boolean {
  return target !== 'embedded';
}

/** Shard → how many tenants of the config have a database of their own there. */
function ownDatabases({ tenancy }: Settings): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { model, shard } of wantedTenants(tenancy)) {
    if (model === 'database') counts.set(shard, (counts.get(shard) ?? 0) + 1);
  }
  return counts;
}

function withoutApp(settings: Settings): ReturnType<typeof readApplication> {
  return { application: { settings, tenancy: noTables, functions: [] }, problems: [] };
}

/** What custom services may need, besides each other. */
function names(services: readonly Service[], { customServices }: Settings): string[] {
  const own = services
    .map(({ name }) => name)
    .filter((name) => !Object.hasOwn(customServices, name));
  return ['database', ...own];
}
