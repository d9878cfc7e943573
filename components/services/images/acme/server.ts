import { crypto } from 'acme-client';
import { Counter, Gauge, Registry } from 'prom-client';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSecret, variable } from '../shared/environment';
import { log } from '../shared/log';
import { dueAt, pauseAfter, sleepUntil } from './due';
import { listener } from './listener';
import { order, type Challenges } from './order';
import { accountKey, serve, served, type Served } from './store';

/**
 * Keeps a certificate of an ACME authority in a folder that nginx reads at each handshake.
 *
 * When it starts for the first time it lays down the platform's own certificate, so that the gateway can start and pass
 * the authority's question on. It orders at once, renews at two thirds of a certificate's life, and after a failure
 * waits a minute, then twice as long each time. Healthy while what is served is valid, also before the first order has
 * succeeded: whether the names lead here yet is not for a deployment to wait for.
 *
 * Environment: PORT, HOST (127.0.0.1), ACME_DIRECTORY, ACME_EMAIL, ACME_NAMES (with commas), GATEWAY_URL, CERTIFICATES (a
 * folder); files named by FALLBACK_CERTIFICATE_FILE and FALLBACK_KEY_FILE.
 */
async function main(): Promise<void> {
  const folder = variable('CERTIFICATES');
  const wanted = {
    directory: variable('ACME_DIRECTORY'),
    names: variable('ACME_NAMES').split(','),
  };
  const challenges: Challenges = new Map();
  const stopped = new AbortController();
  const metrics = new Registry();
  const expires = new Gauge({
    name: 'strata_certificate_expires_seconds',
    help: 'When the certificate that the gateway serves ends, in seconds since 1970.',
    registers: [metrics],
  });
  const orders = new Counter({
    name: 'strata_certificate_orders_total',
    help: 'Orders of certificates, by how they ended.',
    labelNames: ['result'],
    registers: [metrics],
  });

  if (!(await served(folder))) {
    await serve(folder, {
      certificate: readSecret('FALLBACK_CERTIFICATE'),
      key: readSecret('FALLBACK_KEY'),
    });
    log('info', "the platform's own certificate serves until there is another");
  }
  const server = listener({ challenges, metrics, wrong });
  server.listen(Number(variable('PORT')), process.env.HOST ?? '127.0.0.1');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stopped.abort();
      server.close();
      server.closeIdleConnections();
    });
  }
  await keep();

  async function keep(): Promise<void> {
    let failures = 0;
    while (!isStopped()) {
      const current = await served(folder);
      expires.set(current ? Date.parse(current.certificate.validTo) / 1000 : 0);
      const pause = sleepUntil(dueAt(current, wanted), Date.now());
      if (pause > 0) {
        await rest(pause);
        continue;
      }
      try {
        await renew(current);
        orders.inc({ result: 'success' });
        failures = 0;
      } catch (error) {
        if (isStopped()) return;
        failures += 1;
        orders.inc({ result: 'failure' });
        log(
          'error',
          `no certificate: ${(error as Error).message}; tried again in ${pauseAfter(failures) / 1000} s`,
        );
        await rest(pauseAfter(failures));
      }
    }
  }

  /**
   * nginx reads certificate and key one after the other: a key that changed in between would fail that handshake. So a
   * key is kept as long as its authority; whoever wants another deletes the file.
   */
  async function renew(current: Served | undefined): Promise<void> {
    const { directory, names } = wanted;
    const pair = await order({
      directory,
      names,
      key: current?.directory === directory ? current.key : undefined,
      email: variable('ACME_EMAIL'),
      gateway: variable('GATEWAY_URL'),
      accountKey: await accountKey(folder, directory, () => crypto.createPrivateEcdsaKey('P-256')),
      challenges,
      signal: stopped.signal,
    });
    await serve(folder, pair, directory);
    log('info', `a certificate for ${names.join(', ')} is served`);
  }

  function isStopped(): boolean {
    return stopped.signal.aborted;
  }

  async function rest(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: stopped.signal }).catch(() => undefined);
  }

  async function wrong(): Promise<string | undefined> {
    const current = await served(folder);
    if (!current) return 'there is no certificate';
    return Date.parse(current.certificate.validTo) > Date.now()
      ? undefined
      : 'the certificate has expired';
  }
}

main().catch((error: unknown) => {
  log('error', (error as Error).message);
  process.exitCode = 1;
});
