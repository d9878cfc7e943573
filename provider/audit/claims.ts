import type { Catalogue, Routine } from './catalogue';
import { type Finding, findingsOf, step } from './finding';

const predicates = findingsOf(4);
const sources = findingsOf(6);

/** What each login's claims are read from: nothing that another login's clients can set. */
const settingsOf: Readonly<Record<string, readonly string[]>> = {
  strata_authenticator: ['request.jwt.claims'],
  strata_hasura: ['hasura.user'],
  strata_app: ['app.role', 'app.scopes', 'app.tenant_id', 'app.user_id'],
};

const claims = 'tenancy.session_claims()';

/** What every policy rests on; each is made of the one before. */
const answers = [
  'tenancy.has_claims()',
  'tenancy.current_tenant_id()',
  'tenancy.current_user_id()',
  'tenancy.current_member_role()',
  'tenancy.is_tenant_member()',
  'tenancy.is_tenant_admin()',
  'tenancy.member_tenant_id()',
  'tenancy.admin_tenant_id()',
];

/**
 * 4 and 6: the functions that say whom a session acts for still ask the session's claims, and the claims still come
 * from the one source that belongs to the login.
 */
export function claimSources({ routines }: Catalogue): Finding[] {
  const byRef = new Map(routines.map((routine) => [routine.ref, routine]));
  const source = byRef.get(claims);
  return [
    ...answers.filter((ref) => !asksClaims(byRef, ref)).map(constant),
    ...(source ? wrongSources(source) : [lost(claims)]),
  ];
}

function asksClaims(routines: ReadonlyMap<string, Routine>, ref: string): boolean {
  const { calls = [], body = '' } = routines.get(ref) ?? {};
  // An answer that is also given without claims is no answer about them.
  if (/\bis null\b|\bor\b/i.test(body)) return false;
  return calls.some(
    (next) => next === claims || (answers.includes(next) && asksClaims(routines, next)),
  );
}

function constant(ref: string): Finding {
  return predicates(
    'answer-constant',
    ref,
    'it answers without the claims of the session, or also when there are none, and every policy that asks it is so true for anybody',
    restore(ref),
  );
}

function lost(ref: string): Finding {
  return sources('claims-source', ref, 'it is not there', restore(ref));
}

function wrongSources({ ref, body, parsed, definer }: Routine): Finding[] {
  const branches = body.split(/\bWHEN (?=\(?'strata_)/).slice(1);
  // The default stands at the end, in the text of the last branch.
  const last = branches.pop() ?? '';
  const [named = '', other = ''] = last.split(/\bELSE\b(?=\s+CASE\b)/);
  const wrong = Object.entries(settingsOf).flatMap(([login, wanted]) => {
    const branch = [...branches, named].find((text) => new RegExp(`^\\(?'${login}'`).test(text));
    const read = settingsIn(branch ?? '');
    const namespaced =
      login !== 'strata_authenticator' || branch?.includes('https://hasura.io/jwt/claims') === true;
    return String(read) === String(wanted) && namespaced
      ? []
      : [
          `claims of ${login} come from ${read.join(', ') || 'nowhere'} instead of ${wanted.join(', ')}`,
        ];
  });
  const unbound =
    !body.includes('CASE SESSION_USER') ||
    (settingsIn(other).length > 0 && !/SESSION_USER = \(?'strata_t_'/.test(other));
  const problems = [
    ...wrong,
    ...(unbound ? ['not every source is bound to the login that may set it'] : []),
    ...(parsed && !definer ? [] : ['its body is not parsed, or it runs as its owner']),
  ];
  return problems.map((problem) =>
    sources(
      'claims-source',
      ref,
      `${problem}: a client could name the tenant that it acts for`,
      restore(ref),
    ),
  );
}

function settingsIn(text: string): string[] {
  const found = [...text.matchAll(/current_setting\(\(?'([^']+)'/g)].map(([, name = '']) => name);
  return [...new Set(found)].sort();
}

function restore(ref: string): Finding['remedy'] {
  return step(
    `put its definition back: in sql/003_tenancy.sql, "create function ${ref.replace(/\(.*/, '')}", run as create or replace`,
  );
}
