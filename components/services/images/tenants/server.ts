import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { models, type Model } from '../../../tenancy/places';
import type { TenancyPlan } from '../../../../provider/tenancy/plan';
import { readSecret, variable, wholeNumber } from '../shared/environment';
import { logger } from './log';
import { Metrics } from './metrics';
import { storesFromEnvironment } from './stores';
import { Worker } from './worker';

const pollSeconds = 30;

/**
 * The worker of tenants: makes those that sign up, and does what else is asked for in `registry.tenant_jobs`.
 *
 * Environment: PORT, HOST (127.0.0.1), PLAN (a file: what tenants' own tables are to be), MODEL (of tenants that sign up
 * without saying one), JOBS (at the same time), LEASE_SECONDS, RETRY_SECONDS, STOP_SECONDS, and where there are such
 * things EXPORTS (a folder) and STORAGE_RULES (as the storage service has it); files named by DATABASE_URL_FILE
 * (strata_migrator, past the pooler; with another host the same leads to the shards), TENANT_LOGINS_FILE, and for
 * stores REDIS_URL_FILE, STORAGE_MASTER_FILE and STORAGE_ADMIN_FILE, or those of a bucket
 * (../storage/server.ts).
 */
function main(): void {
  const url = readSecret('DATABASE_URL');
  const master = readSecret('TENANT_LOGINS');
  const log = logger([master, url]);
  const metrics = new Metrics();
  const stores = storesFromEnvironment();
  const worker = new Worker({
    url,
    master,
    plan: JSON.parse(readFileSync(variable('PLAN'), 'utf8')) as TenancyPlan,
    stores: stores.of,
    exports: process.env.EXPORTS,
    model: modelFrom(variable('MODEL')),
    atOnce: wholeNumber('JOBS'),
    leaseSeconds: wholeNumber('LEASE_SECONDS'),
    retrySeconds: wholeNumber('RETRY_SECONDS'),
    pollSeconds,
    log,
    metrics,
  });
  metrics.waiting(() => worker.figures());
  worker.start();

  const server = createServer((request, response) => {
    void answer(request.url, response, worker, metrics).catch((error: unknown) => {
      log('error', 'a request was not answered', { reason: (error as Error).message });
      response.destroy();
    });
  });
  server.listen(wholeNumber('PORT'), process.env.HOST ?? '127.0.0.1', () => {
    log('info', 'ready');
  });

  const stopSeconds = wholeNumber('STOP_SECONDS');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      // What is not done by then is taken over when its lease ends.
      setTimeout(() => process.exit(0), stopSeconds * 1000).unref();
      server.close();
      server.closeIdleConnections();
      void worker.stop().then(() => {
        stores.end();
        process.exit(0);
      });
    });
  }
}

async function answer(
  url: string | undefined,
  response: ServerResponse,
  worker: Worker,
  metrics: Metrics,
): Promise<void> {
  if (url === '/healthz') {
    const problem = worker.problem();
    response.writeHead(problem === undefined ? 200 : 503).end(`${problem ?? 'ok'}\n`);
  } else if (url === '/metrics') {
    const text = await metrics.text();
    response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
  } else response.writeHead(404).end();
}

function modelFrom(text: string): Model {
  const model = models.find((known) => known === text);
  if (model) return model;
  throw new Error(`MODEL is ${JSON.stringify(text)}; allowed: ${models.join(', ')}`);
}

try {
  main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
