import { type Command, Option } from 'commander';
import { tierNames, type TierName } from '../../components/settings/names';
import { awsStack } from '../aws-stack';
import { assumptions, neverCounted } from '../cost/assumptions';
import { deployed } from '../cost/deployed';
import { estimate, type Estimate } from '../cost/estimate';
import { exact } from '../cost/money';
import { priceList, regionsOf } from '../cost/prices';
import type { Recorded } from '../cost/recorded';
import { type Before, report, sourcesOf } from '../cost/report';
import { UserError } from '../errors';
import { terminal } from '../terminal';
import { jsonOption, type StackOptions, stackCommand } from './options';

interface CostOptions extends StackOptions {
  readonly tier?: TierName;
}

/** `cost`: what a stack on AWS costs in a month, and what a change would. */
export function costCommand(): Command {
  return stackCommand('cost', 'estimate what a stack on AWS costs in a month; asks nothing of AWS')
    .addOption(
      new Option('--tier <tier>', 'with this tier instead of the config’s').choices([...tierNames]),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nShown beside it: what is deployed; where nothing is and --tier is given, what the config says.\n' +
        'Prices stand in engine/cost/prices.json, each with its source (docs/cost.md).',
    )
    .action(cost);
}

async function cost({ stack, tier, json = false }: CostOptions): Promise<void> {
  const out = terminal(json);
  const wanted = await plan(stack, tier);
  const region = regionOf(wanted);
  if (!regionsOf(priceList).includes(region)) {
    throw new UserError(
      `The price list has no prices of region ${region}, only of ${regionsOf(priceList).join(' and ')}: ` +
        'add them to engine/cost/prices.json, each with its source (docs/cost.md).',
    );
  }
  const now = await deployed(stack, out);
  const before = await beforeOf(stack, tier, now);
  const after = estimate(wanted, region, priceList);
  out.result(json ? asJson(stack, after, before) : report(after, before, priceList));
}

/** What the program registers for the stack's config. */
async function plan(stack: string, tier?: TierName): Promise<Recorded[]> {
  const { settings, values } = awsStack(stack, tier);
  // The program brings the providers' SDKs along, which no other command needs.
  const { planned } = await import('../cost/planned');
  return planned(stack, settings, values);
}

async function beforeOf(
  stack: string,
  tier: TierName | undefined,
  now: readonly Recorded[],
): Promise<Before | undefined> {
  if (now.length > 0) {
    return { called: 'deployed', estimate: estimate(now, regionOf(now), priceList) };
  }
  if (tier === undefined) return undefined;
  const configured = await plan(stack);
  return {
    called: 'configured',
    estimate: estimate(configured, regionOf(configured), priceList),
  };
}

function regionOf(resources: readonly Recorded[]): string {
  const provider = resources.find(({ type }) => type === 'pulumi:providers:aws');
  const region = provider?.inputs.region;
  if (typeof region === 'string') return region;
  throw new UserError('The resources name no region of AWS: is this a stack of target aws?');
}

function asJson(stack: string, after: Estimate, before: Before | undefined): string {
  const lines = [...after.lines, ...(before?.estimate.lines ?? [])];
  return JSON.stringify(
    {
      stack,
      region: after.region,
      currency: priceList.currency,
      ...(before && { before: { called: before.called, ...plain(before.estimate) } }),
      after: plain(after),
      ...(before && { difference: exact(after.total - before.estimate.total) }),
      assumptions: Object.fromEntries(
        Object.entries(assumptions).filter(([name]) =>
          lines.some(({ item, assumed }) => assumed && item === name),
        ),
      ),
      neverCounted,
      prices: { read: priceList.read, sources: Object.fromEntries(sourcesOf(lines, priceList)) },
    },
    null,
    2,
  );
}

function plain({ lines, total, without }: Estimate): object {
  return {
    total: exact(total),
    resources: lines.map((line) => ({ ...line, monthly: exact(line.monthly) })),
    without,
  };
}
