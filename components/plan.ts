import path from 'node:path';
import { UserError } from '../engine/errors';
import { root } from '../engine/root';
import { readMigrations, schemaVersion, type MigrationFile } from './data/migrations';
import { deployed, isOn, type Application, type Deployed } from './services/catalogue';
import { readFunctions, withEvents } from './services/declared-functions';
import { hostNames } from './services/gateway/hosts';
import { servedRoutes } from './services/gateway/input';
import type { Service, VolumeContent } from './services/service';
import type { Problem } from './settings/errors';
import type { Settings } from './settings/schema';
import { showKey } from './settings/show';
import type { TenancyDeclaration } from './tenancy/declaration';
import { compileTenancy } from './tenancy/compile';
import { readDeclaration } from './tenancy/read';
import type { TableFence } from './tenancy/statements';

/** What is to be deployed, wherever and by whatever: everything that can be known before the first resource. */
export interface Plan extends Deployed {
  /** The database among them. */
  readonly all: readonly Service[];
  readonly migrations: readonly MigrationFile[];
  readonly fences: readonly TableFence[];
  /** Grants decide what an API shows, so a changed fence is a changed schema. */
  readonly schemaVersion: string;
}

/** Reads the application's folder and plans the deployment of settings that nothing is wrong with. */
export function planOf(settings: Settings): Plan {
  const app = path.resolve(root, settings.app);
  const { tables, functions } = readApp(settings);
  const { database, services } = deployed({ settings, functions });
  const migrations = [
    ...readMigrations(path.join(root, 'sql'), 'platform'),
    ...readMigrations(path.join(app, 'sql'), 'app'),
  ];
  const fenced = compileTenancy({ tables });
  // Nobody would take up the events of functions that do not run.
  const handled = services.some(({ name }) => name === 'functions-worker');
  const fences = handled ? withEvents(fenced, functions) : fenced;
  return {
    database,
    services,
    all: [database, ...services],
    migrations,
    fences,
    schemaVersion: schemaVersion(migrations, fences),
  };
}

/** What the application's folder declares. Throws when its tables cannot be read. */
function readApp({ app }: Settings): TenancyDeclaration & ReturnType<typeof readFunctions> {
  const declaration = readDeclaration(path.resolve(root, app));
  return { ...declaration, ...readFunctions(app, Object.keys(declaration.tables)) };
}

/** The settings with what the application's folder declares, and what is wrong with its files. */
export function readApplication(settings: Settings): {
  application: Application;
  problems: readonly Problem[];
} {
  try {
    const { functions, problems } = readApp(settings);
    // A function that is not deployed may be as it likes.
    const judged = isOn('functions', settings) ? problems : [];
    return { application: { settings, functions }, problems: judged };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const reason = 'holds a declaration of tables that cannot be read';
    const problem = { key: showKey(['app']), reason, advice: error.message };
    return { application: { settings, functions: [] }, problems: [problem] };
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
