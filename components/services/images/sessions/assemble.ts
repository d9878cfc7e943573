import type { KeyObject } from 'node:crypto';
import type { Pool } from 'pg';
import { Callers } from './callers';
import type { SessionsConfig } from './config';
import { dialectOf } from './dialects';
import { Flights } from './flights';
import { Metrics } from './metrics';
import { Mint } from './mint';
import type { Parts } from './parts';
import { People } from './people';
import { Settler } from './settle';
import { Upstream, type UpstreamAnswer } from './upstream';

interface Given {
  readonly config: SessionsConfig;
  /** Signs the platform's tokens, and the upstream's. */
  readonly key: KeyObject;
  readonly pool: Pool;
  readonly trouble: (message: string) => void;
}

/** The parts of the service, put together. */
export function assemble({ config, key, pool, trouble }: Given): Parts {
  const { issuer, audience, upstream: behind, accessTokenSeconds } = config;
  const rules = { key, issuer, audience };
  const metrics = new Metrics();
  const dialect = dialectOf(behind.kind);
  const upstream = new Upstream(behind.url, (what) => {
    metrics.upstreamFailed(what);
  });
  const people = new People(pool, { ...config, kind: behind.kind, trouble });
  const mint = new Mint(rules, accessTokenSeconds);
  return {
    config,
    dialect,
    upstream,
    people,
    mint,
    metrics,
    callers: new Callers(rules, people),
    settler: new Settler({ config, dialect, upstream, mint, people }),
    flights: new Flights<UpstreamAnswer>(({ status }) => status < 400),
  };
}
