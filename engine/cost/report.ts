import { table } from '../terminal';
import { assumptions, neverCounted } from './assumptions';
import { compare } from './compare';
import type { Estimate, Line } from './estimate';
import { shown } from './money';
import type { PriceList, Unit } from './prices';

/** What is compared with; `called` says what it is. */
export interface Before {
  readonly called: string;
  readonly estimate: Estimate;
}

const inUnits: Readonly<Record<Unit, string>> = {
  hour: 'hours',
  month: '',
  GB: 'GB',
  'GB and month': 'GB',
  million: 'million',
};

/** An estimate for people; side by side with another one where there is one. */
export function report(estimate: Estimate, before: Before | undefined, list: PriceList): string {
  const used = [...(before?.estimate.lines ?? []), ...estimate.lines];
  return [
    before ? sideBySide(before, estimate) : single(estimate),
    '',
    ...withoutOf('Without, because it could not be priced:', estimate),
    ...(before
      ? withoutOf(`Not in "${before.called}", for the same reason:`, before.estimate)
      : []),
    ...assumedIn(used),
    `Never counted: ${neverCounted.join(', ')}.`,
    '',
    `Prices: ${list.currency}, on demand, region ${estimate.region}, read ${list.read} from copies of AWS's price list:`,
    ...sourcesOf(used, list).map(([, { what, url }]) => `  ${what}\n    ${url}`),
    'An estimate, not an offer: AWS bills what its own price list says on the day.',
  ].join('\n');
}

function single({ lines, total }: Estimate): string {
  return table([
    ['RESOURCE', 'WHAT', 'QUANTITY', 'PRICE', 'USD A MONTH'],
    ...lines.map((line) => [
      line.resource,
      line.what,
      quantityOf(line),
      `${line.price.amount} a ${line.price.per}`,
      shown(line.monthly),
    ]),
    ['', 'total', '', '', shown(total)],
  ]);
}

function sideBySide({ called, estimate }: Before, after: Estimate): string {
  const amount = (line: Line | undefined) => (line ? shown(line.monthly) : '-');
  return table([
    ['RESOURCE', 'WHAT', called.toUpperCase(), 'AFTER', 'DIFFERENCE'],
    ...compare(estimate, after).map((change) => [
      change.resource,
      change.what,
      amount(change.before),
      amount(change.after),
      signed(change.difference),
    ]),
    ['', 'total', shown(estimate.total), shown(after.total), signed(after.total - estimate.total)],
  ]);
}

function quantityOf({ quantity, assumed, price: { per } }: Line): string {
  const number = `${quantity.toLocaleString('en-US')} ${inUnits[per]}`.trim();
  return assumed ? `${number}, assumed` : number;
}

function signed(amount: bigint): string {
  const text = shown(amount);
  return amount > 0n && text !== '0.00' ? `+${text}` : text;
}

/** Resources that lack the same are named together. */
function withoutOf(heading: string, { without }: Estimate): string[] {
  if (without.length === 0) return [];
  const reasons = new Map<string, string[]>();
  for (const { type, resource, reason } of without) {
    reasons.set(reason, [...(reasons.get(reason) ?? []), `${resource} (${type})`]);
  }
  return [
    heading,
    ...[...reasons].map(([reason, resources]) => `  ${reason}: ${resources.join(', ')}`),
  ];
}

function assumedIn(lines: readonly Line[]): string[] {
  const items = new Set(lines.filter(({ assumed }) => assumed).map(({ item }) => item));
  const says = Object.entries(assumptions)
    .filter(([item]) => items.has(item))
    .map(([, assumption]) => assumption.says);
  return says.length > 0 ? [`Assumed, for each and a month: ${says.join('; ')}.`] : [];
}

/** The sources of all prices that were used, in the list's order. */
export function sourcesOf(
  lines: readonly Line[],
  { sources }: PriceList,
): [string, PriceList['sources'][string]][] {
  const used = new Set(lines.map(({ price }) => price.source));
  return Object.entries(sources).filter(([name]) => used.has(name));
}
