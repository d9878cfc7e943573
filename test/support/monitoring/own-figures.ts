import { Metrics as Functions } from '../../../components/services/images/functions/metrics';
import { Metrics as Guard } from '../../../components/services/images/guard/metrics';
import { Metrics as Oauth } from '../../../components/services/images/oauth/metrics';
import { Metrics as Realtime } from '../../../components/services/images/realtime/metrics';
import { Metrics as Sessions } from '../../../components/services/images/sessions/metrics';
import type { Database } from '../../../components/services/images/storage/database';
import { Metrics as Storage } from '../../../components/services/images/storage/metrics';
import { Metrics as Tenants } from '../../../components/services/images/tenants/metrics';

/** What the metrics of our own programs answer after one of each thing that they count: series → its labels. */
export async function ownFigures(): Promise<Record<string, readonly string[]>> {
  const texts = await Promise.all([
    guard(),
    oauth(),
    sessions(),
    storage(),
    functions(),
    tenants(),
    realtime(),
  ]);
  const series = texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line): [string, readonly string[]] => {
      const [, name = '', labels = ''] = /^([a-z_]+)(?:\{(.*)\})? /.exec(line) ?? [];
      return [name, [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label)];
    });
  return Object.fromEntries(series);
}

function guard(): Promise<string> {
  const metrics = new Guard();
  metrics.decided({ door: 'check', tenant: 'acme', reason: 'wrong_tenant', seconds: 1 });
  metrics.cost(1);
  metrics.socketOpened();
  metrics.socketClosed('client_left');
  metrics.operationStarted('query');
  metrics.message('in');
  metrics.trouble('redis');
  return metrics.registry.metrics();
}

function oauth(): Promise<string> {
  const metrics = new Oauth();
  metrics.issued('client_credentials', 'shop');
  metrics.refused('token', 'invalid_client', 'shop');
  metrics.signedIn('wrong');
  metrics.revoked();
  return metrics.registry.metrics();
}

function sessions(): Promise<string> {
  const metrics = new Sessions();
  metrics.signedIn(true);
  metrics.refreshed('switch');
  metrics.refused('wrong_tenant');
  metrics.rejected('other');
  metrics.revoked('one');
  metrics.upstreamFailed('timeout');
  return metrics.registry.metrics();
}

function storage(): Promise<string> {
  const rows = [{ tenant: 'acme', bytes: '1', files: '1' }];
  const database = { asService: () => Promise.resolve({ rows }) } as unknown as Database;
  const metrics = new Storage(database);
  metrics.answered('/storage/files', 'GET', 200, 1);
  metrics.refused('quota_exceeded');
  metrics.moved('in', 1);
  metrics.sweep({ unfinished: 1 } as unknown as Parameters<Storage['sweep']>[0]);
  return metrics.registry.metrics();
}

function functions(): Promise<string> {
  const metrics = new Functions();
  metrics.run('mail', 'queue', 'ok', 1);
  metrics.strayError();
  return metrics.text();
}

function tenants(): Promise<string> {
  const metrics = new Tenants();
  metrics.job('create', 'failed', 1);
  metrics.waiting(() => Promise.resolve({ queued: 1 }));
  return metrics.text();
}

function realtime(): Promise<string> {
  const metrics = new Realtime();
  metrics.opened();
  metrics.joined();
  metrics.message('in');
  metrics.refused('redis_unavailable');
  metrics.delivered('broadcast', Date.now());
  metrics.closed('client_left');
  return metrics.registry.metrics();
}
