import { checkDeclaration } from './compile';
import type { SharedRule, TableRules, TenancyDeclaration } from './declaration';
import {
  byName,
  commands,
  isWritable,
  ownerOf,
  referencesOf,
  roleOf,
  scopeOf,
  type Command,
} from './rules';
import type { Scope } from './scope';

/** Who tries: somebody of a tenant of its own, or nobody. */
interface Attacker {
  /** `stranger`: without any claims. `anonymous`: the role of requests without a token, with a member's claims. */
  readonly who: 'admin' | 'member' | 'anonymous' | 'stranger';
  /** Those of an API key; undefined for a person. */
  readonly scopes?: readonly string[];
}

/** `other` belongs to somebody else of the attacker's own tenant, `victim` to another tenant. */
export type Whose = 'own' | 'other' | 'victim';

/** What is tried, of which table. */
type Deed =
  | { readonly do: Command; readonly whose: Whose }
  /** Own rows are handed to another tenant or another owner. */
  | { readonly do: 'give'; readonly to: 'victim' | 'other' }
  /** A row is added that refers to a row of another tenant. */
  | { readonly do: 'refer'; readonly by: readonly string[]; readonly parent: string }
  /** A hidden column is read, or asked about. */
  | { readonly do: 'show' | 'guess'; readonly column: string }
  | { readonly do: 'write'; readonly column: string }
  | { readonly do: 'truncate' };

/**
 * What must come of it: `refused` with an error (SQLSTATEs below), `nothing` returned or changed, or `rows`: it is
 * allowed, so that the others do not fail only because everything does.
 */
type Outcome = 'refused' | 'nothing' | 'rows';

export interface Attack {
  /** A sentence, different for each. */
  readonly name: string;
  /** As declared: `app.notes`. */
  readonly table: string;
  readonly by: Attacker;
  readonly deed: Deed;
  readonly expect: Outcome;
}

/** SQLSTATEs of a refusal: no grant or a policy, and of a reference to a row that is not there. */
export const refusals = { denied: '42501', noSuchRow: '23503' } as const;

const people: readonly Attacker[] = [{ who: 'admin' }, { who: 'member' }];

/**
 * What is to be tried against a deployed declaration, and what must come of each attempt: for every table, command and
 * role, on rows of the attacker's own, of somebody else and of another tenant. Pure data, in an order that depends on
 * names only; `attackSql()` makes statements of it. Throws what is wrong with the declaration.
 */
export function attacksOf(declaration: TenancyDeclaration): Attack[] {
  checkDeclaration(declaration);
  const tables = byName(declaration.tables).flatMap(([table, rules]) => [
    ...people.flatMap((by) => [
      ...onRows(table, rules, by),
      ...onOwnership(table, rules, by),
      ...onReferences(table, rules, by),
      ...onColumns(table, rules, by),
      attack(table, by, { do: 'truncate' }, 'refused'),
    ]),
    ...withoutScope(table, rules),
    ...outsiders(table, rules),
  ]);
  const shared = byName(declaration.shared ?? {}).flatMap(([table, rule]) => onShared(table, rule));
  return [...tables, ...shared];
}

function onRows(table: string, rules: TableRules, by: Attacker): Attack[] {
  return commands.flatMap((command) =>
    (['own', 'other', 'victim'] as const)
      .filter((whose) => whose !== 'other' || hasOthers(rules, command))
      .map((whose) =>
        attack(table, by, { do: command, whose }, outcome(rules, command, whose, by)),
      ),
  );
}

/** Without owners nobody's rows are another's, and those of a hidden one cannot be asked for. */
function hasOthers({ owner, hidden = [] }: TableRules, command: Command): boolean {
  return owner !== undefined && (command === 'insert' || !hidden.includes(owner));
}

/** Adding a row is refused where its rule does not hold; rows that may not be seen or touched are just not there. */
function outcome(rules: TableRules, command: Command, whose: Whose, { who }: Attacker): Outcome {
  if (roleOf<string>(rules[command]) === 'nobody') return 'refused';
  if (command === 'insert') {
    const named = whose !== 'other' || isWritable(rules, ownerOf(rules));
    return named && allowed(rules, 'insert', whose, who) ? 'rows' : 'refused';
  }
  // To find the rows that it changes, a statement has to read them.
  if (roleOf(rules.read) === 'nobody') return 'refused';
  const found = allowed(rules, 'read', whose, who) && allowed(rules, command, whose, who);
  return found ? 'rows' : 'nothing';
}

function allowed(rules: TableRules, command: Command, whose: Whose, who: Attacker['who']): boolean {
  if (whose === 'victim') return false;
  switch (roleOf<string>(rules[command])) {
    case 'member':
      return true;
    case 'admin':
      return who === 'admin';
    case 'owner':
      return who === 'admin' || whose === 'own';
    case 'self':
      return whose === 'own';
    default:
      return false;
  }
}

/** A row of one's own goes to nobody else, unless whoever updates may change everybody's. */
function onOwnership(table: string, rules: TableRules, by: Attacker): Attack[] {
  if (outcome(rules, 'update', 'own', by) !== 'rows') return [];
  const mayGive =
    rules.owner !== undefined &&
    isWritable(rules, rules.owner) &&
    outcome(rules, 'update', 'other', by) === 'rows';
  return [
    attack(table, by, { do: 'give', to: 'victim' }, 'refused'),
    ...(rules.owner === undefined
      ? []
      : [attack(table, by, { do: 'give', to: 'other' }, mayGive ? 'rows' : 'refused')]),
  ];
}

function onReferences(table: string, rules: TableRules, by: Attacker): Attack[] {
  if (outcome(rules, 'insert', 'own', by) !== 'rows') return [];
  return referencesOf(rules)
    .filter(({ columns }) => columns.every((column) => isWritable(rules, column)))
    .map(({ columns, parent }) =>
      attack(table, by, { do: 'refer', by: columns, parent }, 'refused'),
    );
}

function onColumns(
  table: string,
  { hidden = [], columns = [] }: TableRules,
  by: Attacker,
): Attack[] {
  return [...hidden]
    .sort()
    .flatMap((column) => [
      attack(table, by, { do: 'show', column }, 'refused'),
      attack(table, by, { do: 'guess', column }, 'refused'),
      ...(columns.includes(column) ? [] : [attack(table, by, { do: 'write', column }, 'refused')]),
    ]);
}

/** An API key of an admin has all of the admin's rows, but only with the scopes that the rules ask for. */
function withoutScope(table: string, rules: TableRules): Attack[] {
  return commands.flatMap((command) => {
    const scope = scopeOf(rules[command]);
    if (scope === undefined || outcome(rules, command, 'own', { who: 'admin' }) !== 'rows')
      return [];
    const readable = scopeOf(rules.read);
    const deed = { do: command, whose: 'own' } as const;
    const key = (scopes: readonly Scope[]): Attacker => ({ who: 'admin', scopes });
    const others = readable && readable !== scope ? [readable] : [];
    const [area] = scope.split(':');
    return [
      attack(table, key(others), deed, command === 'insert' ? 'refused' : 'nothing'),
      attack(table, key([...others, scope]), deed, 'rows'),
      attack(table, { who: 'admin', scopes: [...others, `${area}:*`] }, deed, 'rows'),
    ];
  });
}

function outsiders(table: string, rules: TableRules): Attack[] {
  return commands.flatMap((command) => {
    const deed = { do: command, whose: 'victim' } as const;
    const open = outcome(rules, command, 'own', { who: 'admin' }) !== 'refused';
    return [
      attack(table, { who: 'anonymous' }, deed, 'refused'),
      attack(
        table,
        { who: 'stranger' },
        deed,
        open && command !== 'insert' ? 'nothing' : 'refused',
      ),
    ];
  });
}

function onShared(table: string, rule: SharedRule): Attack[] {
  return people.flatMap((by) => [
    attack(table, by, { do: 'read', whose: 'own' }, rule === 'member' ? 'rows' : 'refused'),
    ...(['insert', 'update', 'delete'] as const).map((command) =>
      attack(table, by, { do: command, whose: 'own' }, 'refused'),
    ),
    attack(table, by, { do: 'truncate' }, 'refused'),
  ]);
}

function attack(table: string, by: Attacker, deed: Deed, expect: Outcome): Attack {
  const who = by.scopes
    ? `an ${by.who}'s API key with ${by.scopes.join(' and ') || 'no scope'}`
    : `${by.who === 'admin' || by.who === 'anonymous' ? 'an' : 'a'} ${by.who}`;
  const must = { refused: 'is refused', nothing: 'finds nothing', rows: 'may' }[expect];
  return {
    name: `${who} tries to ${describe(deed)} in ${table}: ${must}`,
    table,
    by,
    deed,
    expect,
  };
}

function describe(deed: Deed): string {
  switch (deed.do) {
    case 'give':
      return `give a row to ${deed.to === 'victim' ? 'another tenant' : 'another owner'}`;
    case 'refer':
      return `refer by ${deed.by.join(', ')} to ${deed.parent} of another tenant`;
    case 'show':
    case 'guess':
    case 'write':
      return `${deed.do} the column ${deed.column}`;
    case 'truncate':
      return 'truncate everything';
    default: {
      const whose = {
        own: 'rows of its own',
        other: "another owner's rows",
        victim: "another tenant's rows",
      };
      return `${deed.do} ${whose[deed.whose]}`;
    }
  }
}
