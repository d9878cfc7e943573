import type { Model } from '../../components/tenancy/places';
import { UserError } from '../../engine/errors';

export interface Failure {
  readonly slug: string;
  readonly model: Model;
  readonly shard: string;
  readonly reason: string;
}

/** What a fan-out came to. */
export interface FanOutReport {
  readonly total: number;
  /** Places that are at the plan now. */
  readonly done: number;
  /** Those of them in which something was changed. */
  readonly changed: number;
  readonly failed: readonly Failure[];
  /** Why the others were not begun. */
  readonly stopped?: 'canary' | 'failures' | 'signal';
}

/** Throws one error that names every tenant that failed, with its reason, and says what became of the others. */
export function refuseFailures({ total, done, failed, stopped }: FanOutReport): void {
  if (failed.length === 0 && stopped === undefined) return;
  const left = total - done - failed.length;
  const lines = failed.map(({ slug, model, shard, reason }) => {
    const [first = '', ...more] = reason.split('\n');
    return [
      `  - ${slug} (${model}, ${shard}): ${first}`,
      ...more.map((line) => `      ${line}`),
    ].join('\n');
  });
  throw new UserError(
    [
      `${done} of ${total} tenants with tables of their own are up to date, ${failed.length} failed` +
        `${left > 0 ? `, ${left} were not begun (${whyStopped[stopped ?? 'failures']})` : ''}.`,
      ...lines,
      'What failed is as it was. Run it again when the reason is gone: it goes on with those that are behind.',
    ].join('\n'),
  );
}

const whyStopped = {
  canary: 'one of the first failed',
  failures: 'too many failed',
  signal: 'it was interrupted',
} as const;
