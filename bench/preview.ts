import setup from '../test/aws/support/setup';
import { Servers } from '../test/aws/support/servers';
import { CloudStack, whyNoStack } from '../test/aws/support/stack';
import { figures, ratios, type Table } from './figures';
import { timed } from './timed';

const pairs = 5;

/** What the plugin and its package cost, whatever is declared. */
const oneVolume = `
import * as aws from '@pulumi/aws';
const provider = new aws.Provider('aws', { region: 'eu-central-1' });
new aws.ebs.Volume('one', { availabilityZone: 'eu-central-1a', size: 1 }, { provider });
`;

/**
 * `pulumi preview` of tier load-balanced on AWS, of a stack that has nothing yet, against one of a program that declares
 * nothing, and one with a single volume of AWS, in turn. AWS is an emulator, so what answers is near; the plugin is the
 * lab's.
 */
export async function preview(): Promise<Table> {
  await setup();
  const missing = await whyNoStack();
  if (missing !== undefined) throw new Error(missing);
  const platform = await CloudStack.create(new Servers(() => platform).operations);
  const empty = await CloudStack.create({});
  empty.workspace.write('index.ts', 'export {};\n');
  const single = await CloudStack.create({});
  single.workspace.write('index.ts', oneVolume);
  const seconds = { platform: [] as number[], empty: [] as number[], single: [] as number[] };
  try {
    for (const stack of [platform, empty, single]) {
      stack.configure({ 'strata:tier': 'load-balanced' });
      await stack.pulumi('stack', 'init');
    }
    // The first of each bundles the sources.
    for (let pair = 0; pair <= pairs; pair += 1) {
      const one = await timed(() => platform.pulumi('preview'));
      const other = await timed(() => empty.pulumi('preview'));
      const third = await timed(() => single.pulumi('preview'));
      if (pair === 0) continue;
      seconds.platform.push(one);
      seconds.empty.push(other);
      seconds.single.push(third);
      process.stderr.write(`pair ${pair} of ${pairs}\n`);
    }
    return {
      'platform in tier load-balanced, s': figures(seconds.platform),
      'empty program, s': figures(seconds.empty),
      'one volume, s': figures(seconds.single),
      'platform / empty': ratios(seconds.platform, seconds.empty),
      'platform / one volume': ratios(seconds.platform, seconds.single),
    };
  } finally {
    await platform.dispose();
    await empty.dispose();
    await single.dispose();
  }
}
