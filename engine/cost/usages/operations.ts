import { z } from 'zod';
import { assumed, counted, of, type UsageOf } from '../usage';

const alarm = z.object({
  metricQueries: z.array(z.object({ metric: z.unknown().optional() })).default([]),
});

/** What watches and what keeps secrets. */
export const operations: Readonly<Record<string, UsageOf>> = {
  'aws:cloudwatch/logGroup:LogGroup': () => [
    ...assumed('logs-ingested', 'what is written to the log group'),
    ...assumed('logs-kept', 'what the log group keeps'),
  ],
  'aws:cloudwatch/metricAlarm:MetricAlarm': counted(alarm, ({ metricQueries }) => {
    const metrics = metricQueries.filter(({ metric }) => metric !== undefined).length;
    return of('alarm', 'figures that the alarm looks at', Math.max(1, metrics));
  }),
  'aws:secretsmanager/secret:Secret': () => of('secret', 'secret', 1),
  'aws:kms/key:Key': () => of('key', 'key', 1),
};
