import { moveTenant, type MoveOptions } from '../../../provider/tenancy/move';
import type { Platform } from '../../../provider/tenancy/provision';
import type { Model } from '../../../components/tenancy/places';

/** A move in a process of its own, which stands still at a step until it is killed. */
const input = JSON.parse(process.argv.at(-1) ?? '') as Omit<Platform, 'clusters'> & {
  clusters: Record<string, string>;
  slug: string;
  to: { model: Model; shard: string };
  options: MoveOptions;
  step: string;
};

async function main(): Promise<void> {
  const { clusters, slug, to, options, step, ...platform } = input;
  await moveTenant({ ...platform, clusters: new Map(Object.entries(clusters)) }, slug, to, {
    ...options,
    tell: (message) => {
      if (!message.startsWith(step)) return undefined;
      process.stdout.write(`at ${message}\n`);
      setInterval(() => undefined, 60_000);
      return new Promise<never>(() => undefined);
    },
  });
}

void main();
