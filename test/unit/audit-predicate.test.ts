import fc from 'fast-check';
import { expect, test } from 'vitest';
import { callsIn, looksUp } from '../../provider/audit/calls';
import { demands, keepsToTenant, withoutBranch } from '../../provider/audit/predicate';

const own = '(tenant_id = ( SELECT tenancy.current_tenant_id() AS current_tenant_id))';
const member = '( SELECT tenancy.is_tenant_member() AS is_tenant_member)';

test.each([
  [own, true],
  [`(${own} AND ${member})`, true],
  [`(${member} AND (${own} AND (name = ') OR (true'::text)))`, true],
  [`(( SELECT tenancy.current_tenant_id() AS current_tenant_id) = tenant_id)`, true],
  ['(tenant_id = ( SELECT tenancy.member_tenant_id() AS member_tenant_id))', true],
  ['(tenant_id = ( SELECT tenancy.admin_tenant_id() AS admin_tenant_id))', true],
  ['(tenant_id = ( SELECT tenancy.any_tenant_id() AS any_tenant_id))', false],
  [`((${own} AND a) OR (b AND ${own}))`, true],
  [`("a ) OR " AND ${own})`, true],
  ['true', false],
  [null, false],
  [member, false],
  [`(${own} OR ${member})`, false],
  [`(${own} OR (( SELECT tenancy.current_tenant_id() AS current_tenant_id) IS NULL))`, false],
  [`(NOT ${own})`, false],
  [`(name = '${own} AND '::text)`, false],
  ['(tenant_id <> ( SELECT tenancy.current_tenant_id() AS current_tenant_id))', false],
  [
    '(tenant_id = COALESCE(( SELECT tenancy.current_tenant_id() AS current_tenant_id), tenant_id))',
    false,
  ],
])('%s keeps to the tenant: %s', (condition, expected) => {
  expect(keepsToTenant(condition)).toBe(expected);
});

test('a constant tenant counts where it is the one of the schema', () => {
  const constant = `(tenant_id = '0a000000-0000-4000-8000-000000000000'::uuid)`;
  expect(keepsToTenant(constant)).toBe(false);
  expect(keepsToTenant(constant, '0a000000-0000-4000-8000-000000000000')).toBe(true);
  expect(keepsToTenant(constant, '0b000000-0000-4000-8000-000000000000')).toBe(false);
});

test('the branch of Hasura’s queries is taken away, and what is left is judged', () => {
  const branch = 'NOT tenancy.has_claims()';
  const query = '(NOT ( SELECT tenancy.has_claims() AS has_claims))';
  expect(keepsToTenant(withoutBranch(`(${query} OR (${own} AND ${member}))`, branch))).toBe(true);
  expect(keepsToTenant(withoutBranch(`(${query} OR ${member})`, branch))).toBe(false);
  expect(withoutBranch(`(${query} AND ${own})`, branch)).toBeNull();
  expect(withoutBranch(null, branch)).toBeNull();
});

/** A condition of leaves that are true or false, as Postgres writes it, and what it is worth when `own` is false. */
interface Term {
  readonly text: string;
  readonly open: boolean;
}

const term: fc.Arbitrary<Term> = fc.letrec<{ term: Term }>((tie) => ({
  term: fc.oneof(
    { maxDepth: 4 },
    fc.constant({ text: own, open: false }),
    fc.constantFrom(
      { text: member, open: true },
      { text: `(name = ' AND ) OR ('::text)`, open: true },
      { text: 'flag', open: true },
    ),
    fc
      .tuple(fc.constantFrom('AND', 'OR'), fc.array(tie('term'), { minLength: 2, maxLength: 3 }))
      .map(([word, parts]) => ({
        text: `(${parts.map(({ text }) => text).join(` ${word} `)})`,
        open: word === 'AND' ? parts.every(({ open }) => open) : parts.some(({ open }) => open),
      })),
  ),
})).term;

test('whatever a condition is made of, it keeps to the tenant exactly if it is false for other tenants’ rows', () => {
  fc.assert(
    fc.property(term, ({ text, open }) => {
      expect(keepsToTenant(text)).toBe(!open);
    }),
    { numRuns: 2000 },
  );
});

test('a leaf is what stands between AND and OR', () => {
  const leaves: string[] = [];
  demands(`(a AND (b OR (NOT c)))`, (leaf) => {
    leaves.push(leaf);
    return false;
  });
  expect(leaves).toEqual(['a', 'b']);
});

test('calls are found with how they are called', () => {
  const condition = `((tenant_id = tenancy.f()) AND ( SELECT tenancy.g() AS g) AND tenancy.may(owner_id) AND (length(name) < 5)
    AND ( SELECT ((NOT (tenancy.h() ? 'x'::text)) OR (string_to_array((tenancy.h() ->> 'y(z)'::text), ' '::text) && ARRAY['a'::text]))))`;
  expect(callsIn(condition)).toEqual([
    { name: 'tenancy.f', once: false, ofRow: false },
    { name: 'tenancy.g', once: true, ofRow: false },
    { name: 'tenancy.may', once: false, ofRow: true },
    { name: 'length', once: false, ofRow: true },
    { name: 'tenancy.h', once: true, ofRow: false },
    { name: 'string_to_array', once: true, ofRow: false },
    { name: 'tenancy.h', once: true, ofRow: false },
  ]);
});

test.each([
  [`(tenant_id IN ( SELECT app.mine() AS mine))`, true],
  [`(tenant_id = ANY (ARRAY( SELECT app.mine() AS mine)))`, true],
  [`(EXISTS ( SELECT\n   FROM app.projects p))`, true],
  [own, false],
  [`(state = ANY (ARRAY['a'::text, 'IN ( SELECT'::text]))`, false],
])('%s looks rows up: %s', (condition, expected) => {
  expect(looksUp(condition)).toBe(expected);
});
