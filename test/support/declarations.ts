import fc from 'fast-check';
import {
  insertRules,
  rowRules,
  sharedRules,
  type Rule,
  type TableRules,
  type TenancyDeclaration,
} from '../../components/tenancy/declaration';
import { ruleScopes } from '../../components/tenancy/scope';

const columns = ['body', 'name', 'owner_id', 'score'];
const some = fc.uniqueArray(fc.constantFrom(...columns), { minLength: 1 });

function rule<Role extends string>(roles: readonly Role[]): fc.Arbitrary<Rule<Role>> {
  const plain: fc.Arbitrary<Rule<Role>> = fc.constantFrom(...roles);
  const scoped: fc.Arbitrary<Rule<Role>> = fc.record({
    role: fc.constantFrom(
      ...(roles.filter((role) => role !== 'nobody') as Exclude<Role, 'nobody'>[]),
    ),
    scope: fc.constantFrom(...ruleScopes),
  });
  return fc.oneof(plain, scoped);
}

const rules: fc.Arbitrary<TableRules> = fc
  .record(
    {
      columns: some,
      hidden: some,
      personal: fc.dictionary(
        fc.constantFrom(...columns),
        fc.constantFrom('erase' as const, 'text' as const),
      ),
      parents: fc.record(
        { a_id: fc.constant('app.a'), b_id: fc.constant('app.b') },
        { requiredKeys: [] },
      ),
      read: rule(rowRules),
      insert: rule(insertRules),
      update: rule(rowRules),
      delete: rule(rowRules),
    },
    { requiredKeys: ['read', 'insert', 'update', 'delete'] },
  )
  .map((made) => ({ ...made, owner: 'owner_id' }));

/** Declarations of the tables app.a to app.d, and app.x and app.y that are shared, with the columns of `columns`. */
export const declarations: fc.Arbitrary<TenancyDeclaration> = fc
  .record({
    tables: fc.record(
      { 'app.a': rules, 'app.b': rules, 'app.c': rules, 'app.d': rules },
      { requiredKeys: ['app.a', 'app.b'] },
    ),
    shared: fc.dictionary(fc.constantFrom('app.x', 'app.y'), fc.constantFrom(...sharedRules)),
  })
  .map(({ tables, shared }) => ({ tables: tables, shared }));
