import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attackSql, type Sides } from '../../components/tenancy/attack-sql';
import { attacksOf } from '../../components/tenancy/attacks';
import { defaultAudience } from '../../components/tenancy/audience';
import { schemaClaims } from '../../components/tenancy/claims';
import { compileTenancy } from '../../components/tenancy/compile';
import type { TenancyDeclaration } from '../../components/tenancy/declaration';
import { hasuraRules } from '../../components/tenancy/hasura';
import { hasuraMetadata } from '../../components/tenancy/hasura-metadata';
import { tableOrder } from '../../components/tenancy/order';
import { smartTags } from '../../components/tenancy/postgraphile';
import { declarationProblems } from '../../components/tenancy/problems';
import { roleOf } from '../../components/tenancy/rules';
import { statements } from '../../components/tenancy/statements';
import { declarations } from '../support/declarations';
import { seed } from '../support/random';

console.log(`properties of the declaration: STRATA_TEST_SEED=${seed}`);
const runs = { seed, numRuns: 300 };

/** The same, every object with its keys the other way round. */
function reversed<T>(value: T): T {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  ) as T;
}

const all = ['id', 'tenant_id', 'body', 'name', 'owner_id', 'score', 'a_id', 'b_id'];
const known = Object.fromEntries(
  ['app.a', 'app.b', 'app.c', 'app.d', 'app.x', 'app.y'].map((name) => [name, all]),
);

const side = (digit: string): Sides['own'] => ({
  tenant: `${digit}0000000-0000-4000-8000-000000000001`,
  user: `${digit}0000000-0000-4000-8000-000000000002`,
  other: `${digit}0000000-0000-4000-8000-000000000003`,
  rows: {},
  keys: {},
});
const sides: Sides = { own: side('1'), victim: side('2') };

describe('whatever is declared', () => {
  test('is valid, and means the same in whatever order it is written', () => {
    fc.assert(
      fc.property(declarations, (declaration) => {
        expect(declarationProblems(declaration)).toEqual([]);
        const again = reversed(declaration);
        const everything = (each: TenancyDeclaration): string =>
          JSON.stringify([
            compileTenancy(each).map((fence) => statements(fence)),
            hasuraMetadata(hasuraRules(each), known),
            smartTags(each),
            attacksOf(each),
            tableOrder(each),
            schemaClaims(each).shared,
          ]);
        expect(everything(again)).toBe(everything(declaration));
      }),
      runs,
    );
  });

  test('has a floor that asks for the tenant below every table, and the tenant in every policy that permits', () => {
    fc.assert(
      fc.property(declarations, (declaration) => {
        for (const { policies, shared } of compileTenancy(declaration)) {
          if (shared) continue;
          expect(policies.tenant_floor).toContain(
            'as restrictive for all to strata_tenant using ("tenant_id" = ',
          );
          const permits = Object.entries(policies).filter(
            ([name, tail]) => name !== 'maintenance' && !tail.includes('restrictive'),
          );
          for (const [, tail] of permits)
            expect(tail).toMatch(/"tenant_id" = \(select tenancy\.(member|admin)_tenant_id\(\)\)/);
        }
      }),
      runs,
    );
  });

  test('grants no more in one command than a policy is for, and no hidden column to tenants', () => {
    fc.assert(
      fc.property(declarations, (declaration) => {
        for (const { table, policies, grants } of compileTenancy(declaration)) {
          const commands = (grants.strata_tenant ?? []).map((privilege) => privilege.split(' ')[0]);
          const permitted = Object.keys(policies).filter((name) =>
            /^tenant_(read|insert|update|delete)$/.test(name),
          );
          expect(
            commands.map((command) => (command === 'select' ? 'read' : command)).sort(),
          ).toEqual(permitted.map((name) => name.slice('tenant_'.length)).sort());
          const hidden = declaration.tables[table]?.hidden ?? [];
          const select = grants.strata_tenant?.find((privilege) => privilege.startsWith('select'));
          if (select && hidden.length > 0)
            for (const column of hidden) expect(select).toContain(`"${column}"`);
        }
      }),
      runs,
    );
  });

  test("shows Hasura's roles no row of another tenant and no hidden column, and opens nothing that is nobody's", () => {
    fc.assert(
      fc.property(declarations, (declaration) => {
        const tables = hasuraMetadata(hasuraRules(declaration), known).sources[0].tables;
        for (const table of tables) {
          const own = declaration.tables[`app.${table.table.name}`];
          if (!own) continue;
          const every = [
            table.select_permissions,
            table.insert_permissions,
            table.update_permissions,
            table.delete_permissions,
          ].flat();
          for (const { permission } of every) {
            for (const condition of [permission.filter, permission.check]) {
              if (condition) expect(condition.tenant_id).toEqual({ _eq: 'X-Hasura-Tenant-Id' });
            }
            expect(permission.filter ?? permission.check).toBeDefined();
          }
          for (const { permission } of table.select_permissions) {
            expect(
              (permission.columns ?? []).filter((column) => own.hidden?.includes(column)),
            ).toEqual([]);
          }
          for (const { permission } of [...table.insert_permissions, ...table.update_permissions]) {
            expect(permission.columns).not.toContain('tenant_id');
          }
          const relations = [
            ...table.object_relationships.map(({ using }) => using.foreign_key_constraint_on),
            ...table.array_relationships.map(
              ({ using }) => using.foreign_key_constraint_on.columns,
            ),
          ];
          for (const relation of relations) expect(relation[0]).toBe('tenant_id');
          const open = {
            insert: table.insert_permissions,
            update: table.update_permissions,
            delete: table.delete_permissions,
          };
          for (const [command, permissions] of Object.entries(open)) {
            const nobody = roleOf<string>(own[command as keyof typeof open]) === 'nobody';
            expect(permissions.length === 0).toBe(nobody);
          }
        }
      }),
      runs,
    );
  });

  test('is attacked at every table, command and role, each attempt once and with a statement of its own tables only', () => {
    fc.assert(
      fc.property(declarations, (declaration) => {
        const attacks = attacksOf(declaration);
        expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
        for (const table of Object.keys(declaration.tables)) {
          for (const who of ['admin', 'member', 'anonymous', 'stranger']) {
            for (const command of ['read', 'insert', 'update', 'delete']) {
              const found = attacks.filter(
                ({ by, deed, ...attack }) =>
                  attack.table === table &&
                  by.who === who &&
                  !by.scopes &&
                  deed.do === command &&
                  'whose' in deed &&
                  deed.whose === 'victim',
              );
              expect(found.map((attack) => attack.expect === 'rows')).toEqual([false]);
            }
          }
        }
        for (const attack of attacks) {
          const sql = attackSql(declaration, attack, sides, defaultAudience);
          expect(sql).toContain(`"app"."${attack.table.slice(4)}"`);
        }
      }),
      { ...runs, numRuns: 100 },
    );
  });
});
