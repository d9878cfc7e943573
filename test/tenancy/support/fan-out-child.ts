import { fanOut } from '../../../provider/tenancy/fan-out';
import type { Platform } from '../../../provider/tenancy/provision';

/** A fan-out in a process of its own: tells of each place on a line, and ends as the test wants it to. */
const { clusters, ...platform } = JSON.parse(process.argv.at(-1) ?? '') as Platform & {
  clusters: Record<string, string>;
};

async function main(): Promise<void> {
  const report = await fanOut(
    { ...platform, clusters: new Map(Object.entries(clusters)) },
    {
      progress: ({ slug, done }) => process.stdout.write(`place ${done} ${slug}\n`),
    },
  );
  process.stdout.write(`report ${JSON.stringify(report)}\n`);
}

void main();
