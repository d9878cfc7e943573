import type { Catalogue, Relation } from './catalogue';
import { type Finding, findingsOf, sql, step } from './finding';
import { hasTenant, isTable, isTenantSchema, platformSchemas, tenantTables } from './names';

const seen = findingsOf(10);
const parted = findingsOf(11);

/** 10: whatever shows rows shows them as whoever asks may see them. */
export function views({ relations, servers, userMappings }: Catalogue): Finding[] {
  return [
    ...relations
      .filter((one) => !one.ofExtension && !one.schema.startsWith('hdb_'))
      .flatMap((one) => [...asOwner(one), ...copied(one), ...ruled(one)]),
    ...servers.flatMap(({ name, grants }) =>
      grants.map(({ role }) =>
        seen(
          'foreign-server',
          `server ${name}`,
          `${role} may make foreign tables on it, which no policy filters`,
          sql(`revoke usage on foreign server ${name} from ${role}`),
        ),
      ),
    ),
    ...userMappings.map(({ server, role }) =>
      seen(
        'user-mapping',
        `server ${server}`,
        `${role} reaches it with a login that is kept here, whatever the session's tenant is`,
        sql(`drop user mapping for ${role} server ${server}`),
      ),
    ),
  ];
}

function asOwner({ kind, options, ref, owner }: Relation): Finding[] {
  const invoker = options.some((option) => /^security_invoker=(?:true|on|yes|1)$/.test(option));
  if (kind !== 'v' || invoker) return [];
  return [
    seen(
      'view-as-owner',
      ref,
      `it reads as ${owner}, by that role's policies and not by those of whoever asks`,
      sql(`alter view ${ref} set (security_invoker = true)`),
    ),
  ];
}

const stores = { m: 'materialised view', f: 'foreign table' } as const;

/** Materialised views and foreign tables know no policies. */
function copied({ kind, ref, grants }: Relation): Finding[] {
  if (kind !== 'm' && kind !== 'f') return [];
  const roles = [...new Set(grants.map(({ role }) => role))].filter(
    (role) => role !== 'strata_maintenance',
  );
  return roles.map((role) =>
    seen(
      kind === 'm' ? 'materialised-view' : 'foreign-table',
      ref,
      `${role} may reach this ${stores[kind]}, and no policy can filter one`,
      sql(`revoke all on ${ref} from ${role}`),
    ),
  );
}

function ruled(relation: Relation): Finding[] {
  const { ref, schema, rules } = relation;
  if (!isTable(relation)) return [];
  if (!isTenantSchema(schema) && !platformSchemas.has(schema) && !hasTenant(relation)) return [];
  return rules.map((rule) =>
    seen(
      'rule',
      ref,
      `rule ${rule} does something else than what a statement says, with the rights of the table's owner`,
      sql(`drop rule ${rule} on ${ref}`),
    ),
  );
}

/** 11: rows are reached through the table that is fenced, not through its parts and not through what it is a part of. */
export function partitions(catalogue: Catalogue): Finding[] {
  const { relations } = catalogue;
  const fenced = new Set(tenantTables(catalogue).map(({ ref }) => ref));
  return relations.filter(isTable).flatMap((relation) => {
    const { ref, schema, parents, grants } = relation;
    if (
      !fenced.has(ref) &&
      !platformSchemas.has(schema) &&
      !parents.some((one) => fenced.has(one))
    ) {
      return [];
    }
    const roles = parents.length === 0 ? [] : [...new Set(grants.map(({ role }) => role))];
    return [
      ...roles
        .filter((role) => role !== 'strata_maintenance')
        .map((role) =>
          parted(
            'part-granted',
            ref,
            `${role} reaches this part directly, where only its own policies count and not those of ${parents.join(', ')}`,
            sql(`revoke all on ${ref} from ${role}`),
          ),
        ),
      ...parents
        .filter((parent) => outside(relations, relation, parent))
        .map((parent) =>
          parted(
            'shown-through',
            ref,
            `its rows show through ${parent}, whose policies count there and not its own`,
            apart(relation, parent, fenced.has(parent)),
          ),
        ),
    ];
  });
}

/** A child of a fenced table is none of the declared ones: what it is for, a person must say. */
function apart({ ref, partition }: Relation, parent: string, ofFenced: boolean): Finding['remedy'] {
  if (ofFenced)
    return step(`move the rows of ${ref} into ${parent} and drop it, or make it a partition`);
  return sql(
    partition
      ? `alter table ${parent} detach partition ${ref}`
      : `alter table ${ref} no inherit ${parent}`,
  );
}

/** A parent in another schema, or inheritance of the old kind, is no partitioning of a fenced table. */
function outside(
  relations: readonly Relation[],
  { schema, partition }: Relation,
  parent: string,
): boolean {
  const found = relations.find(({ ref }) => ref === parent);
  return !partition || found?.schema !== schema;
}
