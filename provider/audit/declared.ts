import type { Catalogue, Relation } from './catalogue';
import { type Finding, findingsOf, step } from './finding';
import { isTenantSchema, wholeTables } from './names';

const finding = findingsOf(15);

/** 15: the tables of each tenant schema are those that tenancy.ts declares, no more and no fewer. */
export function declaredTables(catalogue: Catalogue, declared: readonly string[]): Finding[] {
  const names = new Set(declared.map((table) => table.replace(/^app\./, '')));
  const shared = catalogue.relations.filter((relation) => relation.shared);
  const tables = [...wholeTables(catalogue), ...shared].filter(({ schema }) =>
    isTenantSchema(schema),
  );
  const schemas = catalogue.schemas.map(({ name }) => name).filter(isTenantSchema);
  return [
    ...tables.filter(({ name }) => !names.has(name)).map(undeclared),
    ...schemas.flatMap((schema) => {
      const there = new Set(tables.filter((one) => one.schema === schema).map(({ name }) => name));
      return [...names]
        .filter((name) => !there.has(name))
        .map((name) =>
          finding(
            'table-absent',
            `${schema}.${name}`,
            'tenancy.ts declares it and it is not there, so this place is behind the others',
            step('apply the pending migrations: npm run up'),
          ),
        );
    }),
  ];
}

function undeclared({ ref, grants }: Relation): Finding {
  const roles = [...new Set(grants.map(({ role }) => role))].filter(
    (role) => role !== 'strata_maintenance',
  );
  const reached = roles.length === 0 ? '' : ` and ${roles.join(', ')} may reach it`;
  return finding(
    'table-undeclared',
    ref,
    `tenancy.ts does not declare it${reached}: nothing says who may read its rows`,
    step(
      `declare ${ref} in app/tenancy.ts or drop it in a migration; until then: revoke all on ${ref} from ${['public', ...roles].join(', ')}`,
    ),
  );
}
