import { graphqlRequest } from '../body';
import type { GuardConfig } from '../config';
import { requireScope, type Granted } from '../decide';
import type { RateLimits } from '../limits';
import type { Metrics, OperationKind } from '../metrics';
import { examine } from '../query';

interface Parts {
  readonly config: GuardConfig;
  readonly limits: RateLimits;
  readonly metrics: Metrics;
}

/**
 * Holds an operation against what a query by POST is held against: counted as a request, read, measured, its cost
 * counted. Answers with its kind; throws `Refusal`.
 */
export async function admitOperation(
  payload: unknown,
  granted: Granted,
  { config, limits, metrics }: Parts,
): Promise<OperationKind> {
  await limits.take(granted.counted);
  const { writes, subscribes, cost } = examine(graphqlRequest(payload), config.query);
  requireScope(granted, 'graphql', writes ? 'write' : 'read');
  await limits.spend(granted.counted, cost);
  metrics.cost(cost);
  if (subscribes) return 'subscription';
  return writes ? 'mutation' : 'query';
}
