import {
  deletionToken,
  deletionVariable,
  holdingTypes,
  mayBeDeleted,
  openingTypes,
} from '../deletion';
import { parseUrn } from '../../provider/host/urn';
import { UserError } from '../errors';
import { stackOption } from '../outputs';
import type { Properties, Step } from './steps';

/** Something that holds data, or opens it, and would be lost. */
export interface Endangered {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  /** What would happen to it, and why. */
  readonly fate: string;
  /** What says that it may. */
  readonly token: string;
}

/** What of the platform's own holds data or opens it, should anybody have taken its protection off. */
const keeping = new Set([...holdingTypes, ...openingTypes]);

const losing = new Set(['delete', 'delete-replaced', 'replace']);

/** What may be told in a message: a secret is no such thing, and what is unknown says nothing. */
const shown = /^[\w./:@-]{1,128}$/;
const unknown = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

/** What holds data and would be replaced or deleted (law 1, docs/adr/0001-data-identity.md); each once. */
export function endangered(stack: string, steps: readonly Step[]): Endangered[] {
  const lost = steps.filter((step) => losing.has(step.operation) && holdsData(step));
  const urns = [...new Set(lost.map(({ urn }) => urn))];
  return urns.flatMap((urn) => {
    const told = steps.filter((step) => step.urn === urn);
    const [first] = told;
    if (!first) return [];
    const { name, type } = first;
    return [{ urn, name, type, fate: fateOf(told), token: deletionToken(stack, name, type) }];
  });
}

/** Throws unless the environment names all of them as what may be deleted. */
export function requireTokens(stack: string, lost: readonly Endangered[]): void {
  const refused = lost.filter(({ token }) => !mayBeDeleted(token));
  if (refused.length > 0) throw new UserError(refusal(stack, refused, lost));
}

function refusal(
  stack: string,
  refused: readonly Endangered[],
  lost: readonly Endangered[],
): string {
  const tokens = [...new Set(lost.map(({ token }) => token))].join(',');
  return [
    `Stack "${stack}" would lose what holds its data, or opens it; nothing was done:`,
    ...refused.map(
      ({ name, type, urn, fate }) =>
        `  - ${name} (${type}) would be ${fate}\n        ${urn}\n        ${adviceOf(fate)}`,
    ),
    'To lose it for good, name each by its token (take a copy first):',
    `  ${deletionVariable}=${tokens} npm run up${stackOption(stack)}`,
  ].join('\n');
}

/** What the settings call what is behind it. */
const behind: readonly (readonly [word: string, advice: string])[] = [
  [
    'availabilityZone',
    'Put the region and the first of "strata:aws.zones" back: data cannot change its zone.',
  ],
  ['kmsKeyId', 'Keep the key: what it has encrypted cannot be read by another.'],
  [
    'deleted',
    'Put it back into the program or the config: the service that keeps it, or its name.',
  ],
];

function adviceOf(fate: string): string {
  const found = behind.find(([word]) => fate.includes(word));
  return found?.[1] ?? 'Put back what was changed in the config or the program.';
}

/** Protected, or of a kind that keeps data; tenants are rows, and their resource says itself how they go. */
export function holdsData({ urn, type, before, after }: Step): boolean {
  if (parseUrn(urn).types.includes('strata:data:')) return false;
  const isProtected = before?.protect === true || after?.protect === true;
  return isProtected || keepsData({ urn, type });
}

/** Of a kind that keeps data or opens it, and the platform's own: not a server's or a tier's, which can be made again. */
export function keepsData({ urn, type }: { readonly urn: string; readonly type: string }): boolean {
  const { types: kinds } = parseUrn(urn);
  const isPlatforms =
    kinds.startsWith('strata:index:Platform$') && !kinds.includes('strata:tiers:');
  return isPlatforms && keeping.has(type);
}

function fateOf(steps: readonly Step[]): string {
  const replaced = steps.find(({ because }) => because.length > 0);
  if (!replaced) {
    const isReplaced = steps.some(({ operation }) => operation === 'replace');
    return isReplaced ? 'replaced, because what it depends on is' : 'deleted';
  }
  const { because, before, after } = replaced;
  return `replaced, because ${because.map((key) => changeOf(key, before, after)).join(' and ')}`;
}

function changeOf(key: string, before?: Properties, after?: Properties): string {
  const [from, to] = [before?.inputs[key], after?.inputs[key]];
  return isShown(from) && isShown(to) ? `${key} changes from ${from} to ${to}` : `${key} changes`;
}

function isShown(value: unknown): value is string {
  return typeof value === 'string' && value !== unknown && shown.test(value);
}
