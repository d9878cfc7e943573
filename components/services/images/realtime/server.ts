import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { readSecret, variable, wholeNumber } from '../shared/environment';
import { log } from '../shared/log';
import { PostgresListener } from '../shared/postgres-listener';
import { Seats } from '../shared/sockets/seats';
import { isTenantId } from '../../../tenancy/places';
import { Places } from '../shared/tenant-database/places';
import { Admission } from './admission';
import { base, realtimeApp } from './app';
import { ChangeFeed } from './changes/feed';
import { Visible } from './changes/visible';
import { readConfig } from './config';
import { Metrics } from './metrics';
import { Presence } from './presence';
import { Rate } from './rate';
import { Rooms } from './rooms';
import { Sockets } from './sockets';
import { Subscriptions } from './subscriptions';

/** How long Redis may take to answer one question. */
const patienceMs = 1_000;

/** How long a look at rows may take. */
const statementMs = 5_000;

/**
 * Realtime: broadcasts, presence and changes of rows, each of one tenant, over the protocol of Supabase's clients.
 *
 * Environment: PORT, HOST (127.0.0.1), REALTIME_CONFIG (path of realtime.json); files named by REDIS_URL_FILE,
 * DATABASE_URL_FILE (strata_authenticator, through the pooler) and DATABASE_DIRECT_URL_FILE (strata_realtime, past it).
 */
async function main(): Promise<void> {
  const config = readConfig(readFileSync(variable('REALTIME_CONFIG'), 'utf8'));
  const metrics = new Metrics();
  const [redis, subscriber] = [connect(), connect()];
  const admission = new Admission(config.guard);
  const rooms = new Rooms(redis, subscriber);
  const presence = new Presence(redis, config.presence);
  const seats = new Seats(redis, 'realtime', config.sockets);
  const tenants = new Rate(config.messages.perSecond.tenant);
  const places = new Places({
    url: readSecret('DATABASE_URL'),
    pooled: true,
    // Of a tenant's own database nothing is told, so nobody logs in there.
    master: '',
    name: 'realtime',
    max: 8,
    mostPools: 1,
    statementMs,
    warn: (message, fields) => log('warn', message, fields),
  });
  const visible = new Visible(places, config.tables);
  const subscriptions = new Subscriptions(visible, Object.keys(config.tables), () => feed);
  const directUrl = readSecret('DATABASE_DIRECT_URL');
  const feed = new ChangeFeed({
    directUrl,
    log,
    onChanges: (changes) => subscriptions.changed(changes),
    onGap: (tenantId) => subscriptions.gap(tenantId),
  });
  const parts = { subscriptions, config, admission, rooms, presence, seats, metrics, tenants };
  const sockets = new Sockets(parts, `${base}/websocket`);
  // What the guard hears, so that nobody stays for longer than a request would be answered.
  const listener = new PostgresListener({
    url: directUrl,
    name: 'realtime-guard',
    channel: 'strata_guard',
    onMessage: (message) => sockets.changed(isTenantId(message) ? message : undefined),
    onConnected: () => sockets.changed(),
    onLost: () => undefined,
    onTrouble: (message) => log('warn', 'revocations are not heard of now', { reason: message }),
  });
  const app = realtimeApp({
    api: parts,
    metrics,
    healthy: async () => {
      const answers = await Promise.allSettled([redis.ping(), subscriber.ping(), places.ping()]);
      return answers.every(({ status }) => status === 'fulfilled');
    },
  });
  app.server.on('upgrade', sockets.upgrade.bind(sockets));
  feed.start();
  listener.start();
  await app.listen({ port: wholeNumber('PORT'), host: process.env.HOST ?? '127.0.0.1' });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());

  async function stop(): Promise<void> {
    await sockets.close();
    await app.close();
    await Promise.all([admission.close(), feed.stop(), listener.stop(), places.end()]);
    redis.disconnect();
    subscriber.disconnect();
  }
}

function connect(): Redis {
  const redis = new Redis(readSecret('REDIS_URL'), {
    // What cannot be asked now is refused now.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: patienceMs,
    connectTimeout: 2_000,
    retryStrategy: (attempt) => Math.min(100 * attempt, 1_000),
  });
  redis.on('error', (error) => {
    log('warn', `redis: ${error.message}`);
  });
  return redis;
}

main().catch((error: unknown) => {
  log('error', (error as Error).message);
  process.exitCode = 1;
});
