import type { LimitSettings } from '../settings/limits';
import type { TenancyDeclaration } from '../tenancy/declaration';
import { realtimeRules } from '../tenancy/realtime';
import { socketPingSeconds } from './gateway/locations';
import type { RealtimeConfig } from './images/realtime/config';
import { file } from './paths';
import type { Workload } from './service';

const port = 4000;

interface Options {
  readonly limits: Pick<LimitSettings, 'sockets'>;
  readonly declaration: TenancyDeclaration;
}

/**
 * Broadcasts, presence and changes of rows over WebSocket, at `/realtime/websocket` and, for Supabase's clients, at
 * `/realtime/v1/websocket`; broadcasts by HTTP at `/realtime/api/broadcast` (docs/realtime.md).
 *
 * It is no program of Supabase's, whose own wants a login that reads the whole cluster's log. The guard says who may be
 * there, `app/tenancy.ts` in which channels and whose changes, row level security what of a row. Replicas share channels
 * through Redis. Health: `/healthz` asks Redis and the database. Figures: `/metrics`. Costs one Node process of about
 * 100 MB, and two connections of Postgres past the pooler.
 *
 * @example realtime({ limits: settings.limits, declaration })
 */
export function realtime(options: Options): Workload {
  return {
    kind: 'workload',
    name: 'realtime',
    program: { entries: { 'server.cjs': 'components/services/images/realtime/server.ts' } },
    command: ['node', '--max-old-space-size=384', '{program}/server.cjs'],
    environment: { PORT: String(port), REALTIME_CONFIG: file('realtime.json') },
    secrets: {
      REDIS_URL: { redis: 'realtime' },
      // Rows are read as those who are told of them.
      DATABASE_URL: { database: 'strata_authenticator' },
      // LISTEN belongs to a session, and a pooler's client has none.
      DATABASE_DIRECT_URL: { database: 'strata_realtime', direct: true },
    },
    files: { 'realtime.json': `${JSON.stringify(realtimeConfig(options), null, 2)}\n` },
    user: '1000:1000',
    resources: { memory: '640M' },
    needs: ['database', 'redis', 'guard'],
    port,
    readsSchema: false,
    health: '/healthz',
    metrics: { port, path: '/metrics' },
    routes: {
      // A token comes with the first message: browsers set no header of a web socket.
      realtime: { path: '/realtime/', access: 'public', websocket: true, maxBody: '1K' },
      'realtime-api': { path: '/realtime/api/', access: 'token', maxBody: '256K' },
    },
    replicas: 1,
  };
}

/** What the program reads. */
function realtimeConfig({ limits: { sockets }, declaration }: Options): RealtimeConfig {
  const { tables, channels } = realtimeRules(declaration);
  return {
    guard: 'http://guard:8000',
    channels,
    tables,
    sockets: {
      perUser: sockets.perUser,
      perTenant: sockets.perTenant,
      channels: sockets.subscriptions,
      bindings: 50,
      maxBufferedBytes: sockets.maxBufferedBytes,
      pingSeconds: socketPingSeconds,
    },
    messages: { maxBytes: 256 * 1024, perSecond: { socket: 100, tenant: 2_000 } },
    presence: { maxBytes: 4096, perChannel: 500, leaseSeconds: 30 },
  };
}
