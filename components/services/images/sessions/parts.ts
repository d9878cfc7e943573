import type { Callers } from './callers';
import type { SessionsConfig } from './config';
import type { Dialect } from './dialect';
import type { Flights } from './flights';
import type { Metrics } from './metrics';
import type { Mint } from './mint';
import type { People } from './people';
import type { Settler } from './settle';
import type { Upstream, UpstreamAnswer } from './upstream';

/** What answering a request takes. */
export interface Parts {
  readonly config: SessionsConfig;
  readonly dialect: Dialect;
  readonly upstream: Upstream;
  readonly people: People;
  readonly callers: Callers;
  readonly mint: Mint;
  readonly settler: Settler;
  readonly flights: Flights<UpstreamAnswer>;
  readonly metrics: Metrics;
}

/** What a request is answered with. */
export interface Outcome {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body: Buffer | string | object;
}
