import path from 'node:path';
import { UserError } from '../engine/errors';
import { root } from '../engine/root';
import { readMigrations, schemaVersion, type MigrationFile } from './data/migrations';
import { deployed, type Application, type Deployed } from './services/catalogue';
import { sharedTablesOnly } from './services/choice';
import { eventTriggers, readFunctions, together, withEvents } from './services/declared-functions';
import { hostNames } from './services/gateway/hosts';
import { servedRoutes } from './services/gateway/input';
import { readHasura } from './services/hasura/application';
import { isOn } from './services/presets';
import type { Service, VolumeContent } from './services/service';
import type { Problem } from './settings/errors';
import type { Settings } from './settings/schema';
import { showKey } from './settings/show';
import { compileTenancy } from './tenancy/compile';
import { readDeclaration } from './tenancy/read';
import { realtimeTriggers } from './tenancy/realtime';
import type { TableFence } from './tenancy/statements';
import type { TenancyPlan } from '../provider/tenancy/plan';

/** What is to be deployed, wherever and by whatever: everything that can be known before the first resource. */
export interface Plan extends Deployed {
  /** The database among them. */
  readonly all: readonly Service[];
  readonly migrations: readonly MigrationFile[];
  readonly fences: readonly TableFence[];
  /** What the tables of tenants that have their own are to be. */
  readonly tenancy: TenancyPlan;
  /** Grants decide what an API shows, so a changed fence is a changed schema. */
  readonly schemaVersion: string;
  /** What `app/hasura/` adds to Hasura's metadata. */
  readonly hasura: Readonly<Record<string, unknown>>;
}

/** Reads the application's folder and plans the deployment of settings that nothing is wrong with. */
export function planOf(settings: Settings): Plan {
  const { tenancy, functions, migrations, fences, hasura } = readApp(settings);
  const { database, services } = deployed({ settings, tenancy, functions });
  return {
    database,
    services,
    all: [database, ...services],
    migrations,
    fences,
    tenancy,
    schemaVersion: tenancy.version,
    hasura,
  };
}

/** What the application's folder says: its tables, its migrations after the platform's, its functions. */
interface App
  extends
    Pick<Plan, 'migrations' | 'fences' | 'tenancy' | 'hasura'>,
    ReturnType<typeof readFunctions> {
  readonly hasuraProblems: readonly Problem[];
}

/** Throws when its tables or migrations cannot be read; `problems` are those of its functions. */
function readApp(settings: Settings): App {
  const app = path.resolve(root, settings.app);
  const declaration = readDeclaration(app);
  const { functions, problems } = readFunctions(settings.app, Object.keys(declaration.tables));
  const own = readMigrations(path.join(app, 'sql'), 'app');
  const migrations = [...readMigrations(path.join(root, 'sql'), 'platform'), ...own];
  // Nobody would take up the events of functions that do not run, or hear of changes.
  const events = together(
    isOn('functions', settings) ? eventTriggers(functions) : {},
    isOn('realtime', settings) ? realtimeTriggers(declaration) : {},
  );
  const fences = withEvents(compileTenancy(declaration), events);
  const version = schemaVersion(migrations, fences);
  const apis = sharedTablesOnly(settings);
  const tenancy = {
    migrations: own,
    declaration,
    events,
    version,
    ...(apis.length > 0 && { sharedTablesOnly: apis }),
  };
  const { application: hasura, problems: hasuraProblems } = readHasura(app);
  return { migrations, fences, tenancy, functions, problems, hasura, hasuraProblems };
}

/** Of an application that is not there, or cannot be read. */
export const noTables: TenancyPlan = {
  migrations: [],
  declaration: { tables: {} },
  events: {},
  version: '',
};

/** The settings with what the application's folder declares, and what is wrong with its files. */
export function readApplication(settings: Settings): {
  application: Application;
  problems: readonly Problem[];
} {
  try {
    const { tenancy, functions, problems, hasuraProblems } = readApp(settings);
    // What is not deployed may be as it likes.
    const judged = [
      ...(isOn('functions', settings) ? problems : []),
      ...(isOn('hasura', settings) ? hasuraProblems : []),
    ];
    return { application: { settings, tenancy, functions }, problems: judged };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const reason = 'holds tables or migrations that cannot be read';
    const problem = { key: showKey(['app']), reason, advice: error.message };
    return {
      application: { settings, tenancy: noTables, functions: [] },
      problems: [problem],
    };
  }
}

/**
 * Host names under which the gateway is reached: all of a domain, or where nobody may have a wildcard (localhost), those
 * that are known.
 */
export function publicNames(
  { domain, tenancy }: Pick<Settings, 'domain' | 'tenancy'>,
  services: readonly Service[],
): string[] {
  if (domain.includes('.')) return [domain, `*.${domain}`];
  const tenants = Object.keys(tenancy.tenants).map((slug) => `${slug}.${domain}`);
  return [...hostNames({ domain }, servedRoutes(services)), ...tenants];
}

/** What the services keep → the user of the first that keeps it, who makes the others' files too. */
export function volumeOwners(
  services: readonly Service[],
): Readonly<Partial<Record<VolumeContent, string>>> {
  const kept = services.flatMap(({ user = '0:0', volumes = {} }) =>
    Object.values(volumes).map((content) => [content, user] as const),
  );
  return Object.fromEntries(kept.reverse());
}
