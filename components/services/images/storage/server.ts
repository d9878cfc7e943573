import { setTimeout as pause } from 'node:timers/promises';
import { connections } from '../shared/connections';
import { readSecret, variable } from '../shared/environment';
import { app } from './app';
import { bucketFromEnvironment, oneBucket } from './bucket';
import { Database } from './database';
import { linkKey } from './derive';
import { garage } from './garage';
import { log } from '../shared/log';
import { Metrics } from './metrics';
import { readRules, type Rules } from './rules';
import { Scanner } from './scanner';
import { ObjectStore, type Places } from './store';
import { Sweeper, type Swept } from './sweeper';

/**
 * The storage service: rows under row level security, objects in an S3 store.
 *
 * Environment: PORT, HOST (127.0.0.1), JWT_ISSUER, JWT_AUDIENCE, STORAGE_RULES (JSON, see rules.ts); files named by
 * DATABASE_URL_FILE, JWT_KEY_FILE, STORAGE_MASTER_FILE, and STORAGE_ADMIN_FILE (Garage) or S3_ACCESS_KEY_FILE,
 * S3_SECRET_KEY_FILE and, where the rules name no bucket, S3_BUCKET_FILE.
 */
async function main(): Promise<void> {
  const rules = readRules(variable('STORAGE_RULES'));
  const master = readSecret('STORAGE_MASTER');
  const pool = connections(readSecret('DATABASE_URL'), 10, 'storage');
  const database = new Database(pool);
  await setLimits(database, rules);
  const store = new ObjectStore(placesOf(rules, master));
  const metrics = new Metrics(database);
  const server = app({
    database,
    store,
    scanner: rules.scanner && new Scanner(rules.scanner),
    rules,
    metrics,
    linkKey: linkKey(master),
    tokens: {
      key: new TextEncoder().encode(readSecret('JWT_KEY')),
      issuer: variable('JWT_ISSUER'),
      audience: variable('JWT_AUDIENCE'),
    },
  });
  await server.listen({
    port: Number(variable('PORT')),
    host: process.env.HOST ?? '127.0.0.1',
  });

  const sweeper = new Sweeper({ database, store });
  const stop = new AbortController();
  const sweeping = [
    repeatedly('sweep', rules.sweepSeconds, () => sweeper.sweep(), metrics, stop.signal),
    repeatedly(
      'reconcile',
      rules.reconcileSeconds,
      () => sweeper.reconcile(),
      metrics,
      stop.signal,
    ),
  ];
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop.abort();
      void Promise.all([server.close(), ...sweeping]).then(() => pool.end());
    });
  }
}

/** The database counts and refuses: it must know the limits before the first upload. */
async function setLimits(database: Database, { limits }: Rules): Promise<void> {
  const { fileBytes, tenantBytes, tenantFiles, userBytes, userFiles } = limits;
  await database.asService((sql) =>
    sql.query('select storage.set_limits($1, $2, $3, $4, $5)', [
      fileBytes,
      tenantBytes,
      tenantFiles,
      userBytes,
      userFiles,
    ]),
  );
}

function placesOf({ store, limits }: Rules, master: string): Places {
  if (store.kind === 's3') {
    return oneBucket({ ...store, ...bucketFromEnvironment(store) });
  }
  return garage({
    ...store,
    master,
    adminToken: readSecret('STORAGE_ADMIN'),
    quota: { bytes: limits.tenantBytes, objects: limits.tenantFiles },
  });
}

/** Runs `work` again and again until the signal; a failure is logged and the next turn tries again. */
async function repeatedly(
  name: string,
  seconds: number,
  work: () => Promise<Swept>,
  metrics: Metrics,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await pause(seconds * 1000, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const swept = await work();
      metrics.sweep(swept);
      if (Object.values(swept).some((count) => count > 0)) log('info', name, { ...swept });
    } catch (error) {
      log('error', `${name}: ${(error as Error).message}`);
    }
  }
}

main().catch((error: unknown) => {
  log('error', (error as Error).message);
  process.exitCode = 1;
});
