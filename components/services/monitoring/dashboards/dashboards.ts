import { apis } from './apis';
import { auth } from './auth';
import { containers } from './containers';
import { database } from './database';
import { files } from './files';
import { gateway } from './gateway';
import { operators } from './operators';
import { overview } from './overview';
import { dashboard, type Panel } from './panel';
import { realtime } from './realtime';
import { redis } from './redis';
import { served } from './served';
import { tenants } from './tenants';
import { work } from './work';

interface Board {
  readonly title: string;
  /** The services that it is about. */
  readonly of?: readonly string[];
  readonly panels: readonly Panel[];
}

/** File name → dashboard: those of a group of services begin with what is known of every service. */
const boards = {
  overview: { title: 'Platform', panels: overview },
  services: { title: 'Services', panels: served() },
  tenants: { title: 'Tenants', panels: tenants },
  gateway: { title: 'Gateway and guard', of: ['gateway', 'guard'], panels: gateway },
  apis: about('APIs', ['graphql', 'hasura', 'postgrest'], apis),
  auth: about('Sign-in', ['sessions', 'hasura-auth', 'gotrue', 'oauth'], auth),
  files: about(
    'Files',
    ['storage', 'clamav', 'supabase-storage', 'imgproxy', 'object-store'],
    files,
  ),
  work: about(
    'Work',
    ['functions', 'functions-worker', 'tenants', 'pooler-registry', 'backup', 'acme'],
    work,
  ),
  operators: about(
    'Operators’ pages',
    ['admin', 'meta', 'studio', 'pgadmin', 'mailhog'],
    operators,
  ),
  realtime: about('Realtime', ['realtime'], realtime),
  database: {
    title: 'Postgres and PgBouncer',
    of: ['database', 'pooler'],
    panels: database,
  },
  redis: { title: 'Redis', of: ['redis'], panels: redis },
  containers: { title: 'Containers', panels: containers },
} as const satisfies Record<string, Board>;

function about(title: string, of: readonly string[], panels: readonly Panel[]): Board {
  return { title, of, panels: [...served(...of), ...panels] };
}

const entries = Object.entries<Board>(boards);

/** File name → dashboard. */
export const dashboards = Object.fromEntries(
  entries.map(([name, { title, panels }]) => [name, dashboard(name, title, panels)]),
) as Record<keyof typeof boards, ReturnType<typeof dashboard>>;

/** The title of the dashboard that is about a service; `Services` shows all, the user's own among them. */
export function dashboardOf(service: string): string {
  return entries.find(([, { of }]) => of?.includes(service))?.[1].title ?? boards.services.title;
}
