import { callsIn, looksUp } from './calls';
import type { Catalogue, Policy, Relation, Routine } from './catalogue';
import { type Finding, findingsOf, sql, step } from './finding';
import { isTable, servesRequests } from './names';

const finding = findingsOf(6);

/** What policies ask. */
type Routines = ReadonlyMap<string, Routine>;

/** 6: functions in policies answer once for each statement, the same each time, and mean what they were made to mean. */
export function policyFunctions(catalogue: Catalogue): Finding[] {
  const routines: Routines = new Map(catalogue.routines.map((routine) => [routine.ref, routine]));
  const builtIn = new Set(catalogue.volatile);
  const asked = new Set<string>();
  const findings = catalogue.relations.filter(isTable).flatMap((table) =>
    table.policies.flatMap((policy) => {
      for (const ref of policy.calls) reach(routines, ref, asked);
      return conditions(policy).flatMap((condition) => calls(table, policy, condition, builtIn));
    }),
  );
  return [...findings, ...[...asked].flatMap((ref) => routine(routines.get(ref)))];
}

/** Functions that `ref` calls, and those that these call. */
function reach(routines: Routines, ref: string, reached: Set<string>): void {
  if (reached.has(ref)) return;
  reached.add(ref);
  for (const next of routines.get(ref)?.calls ?? []) reach(routines, next, reached);
}

function conditions({ using, check }: Policy): string[] {
  return [...new Set([using, check])].filter((condition) => condition !== null);
}

function calls(
  table: Relation,
  policy: Policy,
  condition: string,
  builtIn: ReadonlySet<string>,
): Finding[] {
  const findings: Finding[] = [];
  const { ref } = table;
  const say = (id: string, problem: string, remedy = stated(table, policy)): void => {
    findings.push(finding(id, ref, `policy ${policy.name} ${problem}: ${condition}`, remedy));
  };
  for (const { name, once, ofRow } of callsIn(condition)) {
    const own = name.includes('.');
    if (!own && builtIn.has(name)) {
      say(
        'call-volatile',
        `calls ${name}(), which answers otherwise for each row, so no index helps`,
      );
    } else if (own && ofRow) {
      say('call-of-row', `gives a column to ${name}(), which so runs for each row of every tenant`);
    } else if ((own || name === 'current_setting') && !once) {
      say(
        'call-unwrapped',
        `calls ${name}() outside of (select …), so for each row of every tenant`,
        wrapped(table, policy, condition),
      );
    }
  }
  if (policy.roles.some(servesRequests) && looksUp(condition)) {
    say(
      'subquery-of-rows',
      'looks rows up in a subquery, which has 0.27 to 0.0001 of the throughput of one value',
    );
  }
  return findings;
}

function stated({ ref }: Relation, { name }: Policy): Finding['remedy'] {
  return step(
    `state what policy ${name} of ${ref} means in app/tenancy.ts, or compare with (select f()) where f has no arguments`,
  );
}

/** Calls that no column goes into are wrapped where they stand. */
function wrapped(table: Relation, policy: Policy, condition: string): Finding['remedy'] {
  const once = condition.replaceAll(
    /(?<!SELECT )\b(\w+\.\w+\(\)|current_setting\([^()]*\))/g,
    '(select $1)',
  );
  if (once === condition) return stated(table, policy);
  const part = (name: string, one: string | null): string =>
    one === null ? '' : ` ${name} (${one === condition ? once : one})`;
  return sql(
    `alter policy ${policy.name} on ${table.ref}${part('using', policy.using)}${part('with check', policy.check)}`,
  );
}

function routine(one: Routine | undefined): Finding[] {
  if (one === undefined || one.ofExtension) return [];
  const { ref } = one;
  const findings: Finding[] = [];
  if (one.volatile) {
    findings.push(
      finding(
        'function-volatile',
        ref,
        'policies ask it and it is volatile: it runs for each row, and no index is used',
        sql(`alter routine ${ref} stable`),
      ),
    );
  }
  if (!one.parsed && !one.settings.some((setting) => setting.startsWith('search_path='))) {
    findings.push(
      finding(
        'function-unpinned',
        ref,
        'policies ask it and its body is read with the search_path of the session, which can so change what it means',
        sql(`alter routine ${ref} set search_path = ''`),
      ),
    );
  }
  if (one.owner !== 'strata_owner') {
    findings.push(
      finding(
        'function-owner',
        ref,
        `policies ask it and ${one.owner} may change it, and with it what every policy means`,
        sql(`alter routine ${ref} owner to strata_owner`),
      ),
    );
  }
  return findings;
}
