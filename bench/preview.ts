import setup from '../test/aws/support/setup';
import { Servers } from '../test/aws/support/servers';
import { CloudStack, whyNoStack } from '../test/aws/support/stack';
import { figures, ratios, type Table } from './figures';
import { timed } from './timed';

const pairs = 5;

/**
 * `pulumi preview` of tier load-balanced on AWS, of a stack that has nothing yet, against one of a program that declares
 * nothing, in turn. AWS is an emulator, so what answers is near; the plugin is the lab's.
 */
export async function preview(): Promise<Table> {
  await setup();
  const missing = await whyNoStack();
  if (missing !== undefined) throw new Error(missing);
  const platform = await CloudStack.create(new Servers(() => platform).operations);
  const empty = await CloudStack.create({});
  empty.workspace.write('index.ts', 'export {};\n');
  const seconds = { platform: [] as number[], empty: [] as number[] };
  try {
    for (const stack of [platform, empty]) {
      stack.configure({ 'strata:tier': 'load-balanced' });
      await stack.pulumi('stack', 'init');
    }
    // The first of each bundles the sources.
    for (let pair = 0; pair <= pairs; pair += 1) {
      const one = await timed(() => platform.pulumi('preview'));
      const other = await timed(() => empty.pulumi('preview'));
      if (pair === 0) continue;
      seconds.platform.push(one);
      seconds.empty.push(other);
      process.stderr.write(`pair ${pair} of ${pairs}\n`);
    }
    return {
      'platform in tier load-balanced, s': figures(seconds.platform),
      'empty program, s': figures(seconds.empty),
      'platform / empty': ratios(seconds.platform, seconds.empty),
    };
  } finally {
    await platform.dispose();
    await empty.dispose();
  }
}
