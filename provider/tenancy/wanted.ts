import type { z } from 'zod';
import { displayName, tenantSlug } from '../../components/settings/values';
import type { Model, Place } from '../../components/tenancy/places';
import { unserved } from '../../components/tenancy/served';
import { UserError } from '../../engine/errors';
import type { TenancyPlan } from './plan';

/** A tenant that is to be made. */
export interface Wanted {
  /** UUID; a new one when not given. Who gives it may ask again: it is the same tenant. */
  readonly id?: string;
  readonly slug: string;
  readonly name: string;
  readonly model: Model;
  readonly shard: string;
  readonly members: readonly { readonly user: string; readonly role: 'admin' | 'member' }[];
  readonly limits?: Partial<Limits>;
}

/** What a tenant may use; null: what the platform says of every tenant. */
export interface Limits {
  /** At the same time, where it has a database of its own. */
  readonly maxConnections: number | null;
  readonly statementTimeoutMs: number | null;
  /** Of its files together. */
  readonly storageBytes: number | null;
  /** Of all its users and API keys together. */
  readonly requestsPerMinute: number | null;
}

interface LimitRule {
  /** Of `registry.tenants`. */
  readonly column: string;
  /** As people call it. */
  readonly words: string;
  readonly least: number;
  readonly most: number;
}

export const limitRules: Readonly<Record<keyof Limits, LimitRule>> = {
  maxConnections: { column: 'max_connections', words: 'connections', least: 1, most: 500 },
  statementTimeoutMs: {
    column: 'statement_timeout_ms',
    words: 'the statement timeout (ms)',
    least: 100,
    most: 3_600_000,
  },
  storageBytes: { column: 'storage_bytes', words: 'storage (bytes)', least: 0, most: 2 ** 50 },
  requestsPerMinute: {
    column: 'requests_per_minute',
    words: 'requests per minute',
    least: 1,
    most: 1_000_000,
  },
};

export const limitNames = Object.keys(limitRules) as (keyof Limits)[];

/** What is asked for is not allowed or not there: to ask for the same again changes nothing. */
export class RefusedError extends UserError {
  /** `problems` are whole sentences without a full stop; none where `what` says it all. */
  constructor(what: string, problems: readonly string[] = []) {
    const list = problems.map((problem) => `\n  - ${problem}`);
    super(list.length > 0 ? `${what}:${list.join('')}` : what);
  }
}

// eslint-disable-next-line no-control-regex -- control characters are what it is about
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Whether a terminal shows a text as it is. */
export function isPrintable(text: string): boolean {
  return !unprintable.test(text);
}

/** Everything that is wrong with the names and limits of a wanted tenant, whatever there is already. */
export function problemsOf({ slug, name, model, members, limits = {} }: Wanted): string[] {
  return [
    ...slugProblems(slug),
    // Nobody has given a name that is the slug.
    ...(name === slug ? [] : nameProblems(name)),
    ...memberProblems(members),
    ...limitProblems(limits, model),
  ];
}

/** What is wrong with a place for a tenant: no API of the deployment would serve it. */
export function placeProblems(
  { sharedTablesOnly = [] }: Pick<TenancyPlan, 'sharedTablesOnly'>,
  place: Pick<Place, 'model' | 'shard'>,
): string[] {
  const problem = unserved(sharedTablesOnly, place);
  if (!problem) return [];
  const { reason, received = '', allowed = '', advice = '' } = problem;
  return [`it ${reason}: ${received} (allowed: ${allowed}). ${advice.replace(/\.$/, '')}`];
}

/** What is wrong with a new tenant's slug. */
export function slugProblems(slug: string): string[] {
  return refusedBy(tenantSlug, 'the slug', slug);
}

/** What is wrong with a tenant's new name. */
export function nameProblems(name: string | undefined): string[] {
  return name === undefined ? [] : refusedBy(displayName, 'the name', name);
}

/** What is wrong with the limits of a tenant of this model. */
export function limitProblems(limits: Partial<Limits>, model: Model): string[] {
  const pooled =
    typeof limits.maxConnections === 'number' && model !== 'database'
      ? [`its model is ${model}: connections are limited where a tenant has a database of its own`]
      : [];
  return [...pooled, ...limitNames.flatMap((name) => rangeProblems(name, limits[name]))];
}

function rangeProblems(name: keyof Limits, value: number | null | undefined): string[] {
  const { words, least, most } = limitRules[name];
  if (value === undefined || value === null) return [];
  if (Number.isSafeInteger(value) && value >= least && value <= most) return [];
  return [
    `${words}: ${String(value)} is not allowed: a whole number from ${String(least)} to ${String(most)}, or "usual" for the platform's`,
  ];
}

function memberProblems(members: Wanted['members']): string[] {
  const users = members.map(({ user }) => user);
  return [
    ...users.flatMap((user) => handleProblems(user)),
    ...repeated(users).map((user) => `${user} is named twice among its members`),
    ...(members.some(({ role }) => role === 'admin')
      ? []
      : ['it has no admin, so nobody could manage it']),
  ];
}

/** Those that stand more than once, as a terminal may show them. */
export function repeated(users: readonly string[]): string[] {
  return [...new Set(users.filter((user, at) => users.indexOf(user) !== at))].map(shown);
}

/** What is wrong with the handle of a user. */
export function handleProblems(user: string): string[] {
  if (user.length <= 200 && user.trim() !== '' && user.trim() === user && isPrintable(user)) {
    return [];
  }
  return [
    `the member ${shown(user)} is not allowed: 1 to 200 printable characters, no space around them`,
  ];
}

function refusedBy(schema: z.ZodType<string>, what: string, value: string): string[] {
  const parsed = schema.safeParse(value);
  if (parsed.success) return [];
  const allowed = [...new Set(parsed.error.issues.map(({ message }) => message))];
  return [`${what} ${shown(value)} is not allowed: ${allowed.join(', and ')}`];
}

/** As a terminal may show it, and not longer than a line. */
function shown(text: string): string {
  const cut = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return JSON.stringify(cut);
}
