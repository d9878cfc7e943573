import type { Catalogue, Relation } from './catalogue';
import { type Finding, findingsOf, sql, step } from './finding';
import {
  hasTenant,
  isTable,
  isTenantSchema,
  platformSchemas,
  tenantTables,
  wholeTables,
} from './names';

const fenced = findingsOf(1);
const owned = findingsOf(2);

/** 1: row level security is on and forced, and changes are recorded. */
export function fences(catalogue: Catalogue): Finding[] {
  const tenants = tenantTables(catalogue);
  const platform = catalogue.relations.filter(
    (relation) =>
      isTable(relation) &&
      (relation.shared || (platformSchemas.has(relation.schema) && relation.schema !== 'strata')) &&
      !tenants.includes(relation),
  );
  return [
    ...[...tenants, ...platform].flatMap(rowSecurity),
    ...wholeTables(catalogue)
      .filter(({ schema }) => isTenantSchema(schema) || schema === 'storage')
      .flatMap(unrecorded),
    ...platform.filter(({ schema }) => schema === 'audit').flatMap(changeable),
  ];
}

function rowSecurity({ ref, schema, enabled, forced }: Relation): Finding[] {
  return [
    ...(enabled
      ? []
      : [
          fenced(
            'rls-off',
            ref,
            'row level security is off: whoever may read the table reads the rows of every tenant',
            sql(`alter table ${ref} enable row level security`),
          ),
        ]),
    // The audit log is written by functions of its owner, and read by the auditor only.
    ...(forced || schema === 'audit'
      ? []
      : [
          fenced(
            'rls-not-forced',
            ref,
            'row level security is not forced: its owner, and so every function that runs as the owner, passes the policies',
            sql(`alter table ${ref} force row level security`),
          ),
        ]),
  ];
}

const transitions = {
  insert: 'referencing new table as new_rows ',
  update: 'referencing old table as old_rows new table as new_rows ',
  delete: 'referencing old table as old_rows ',
  truncate: '',
};

function unrecorded({ ref, triggers }: Relation): Finding[] {
  return Object.entries(transitions).flatMap(([command, rows]) => {
    const name = `strata_audit_${command}`;
    const trigger = triggers.find((one) => one.name === name);
    const right =
      trigger?.definition.includes(`AFTER ${command.toUpperCase()} ON`) === true &&
      trigger.definition.endsWith('FOR EACH STATEMENT EXECUTE FUNCTION audit.record()');
    if (right && trigger.enabled) return [];
    const made = `create trigger ${name} after ${command} on ${ref} ${rows}for each statement execute function audit.record()`;
    return [
      fenced(
        'changes-unrecorded',
        ref,
        `what ${command} changes does not reach the audit log, so a theft or a loss leaves no trace`,
        sql(
          right
            ? `alter table ${ref} enable trigger ${name}`
            : `drop trigger if exists ${name} on ${ref}; ${made}`,
        ),
      ),
    ];
  });
}

function changeable({ ref, triggers }: Relation): Finding[] {
  const trigger = triggers.find(({ definition }) => definition.includes('audit.refuse_change()'));
  const right =
    trigger?.definition.includes('BEFORE DELETE OR UPDATE OR TRUNCATE') === true &&
    trigger.definition.includes('FOR EACH STATEMENT');
  if (right && trigger.enabled) return [];
  const made = `create trigger append_only before update or delete or truncate on ${ref} for each statement execute function audit.refuse_change()`;
  return [
    fenced(
      'log-changeable',
      ref,
      'its lines can be changed or deleted: whoever did something could take the trace of it away',
      sql(
        right
          ? `alter table ${ref} enable trigger ${trigger.name}`
          : `drop trigger if exists append_only on ${ref}; ${made}`,
      ),
    ),
  ];
}

/** 2: tenant_id is there, is never null, is the session's by default, and leads an index. */
export function tenantColumns(catalogue: Catalogue): Finding[] {
  return wholeTables(catalogue).flatMap((relation) =>
    hasTenant(relation) ? column(relation) : [missing(relation)],
  );
}

function missing({ ref }: Relation): Finding {
  return owned(
    'tenant-missing',
    ref,
    'it has no tenant_id, so no policy can tell whose a row is',
    step(
      `alter table ${ref} add column tenant_id uuid not null default tenancy.require_tenant_id() ` +
        'references registry.tenants on delete cascade; rows that are there need their tenant first',
    ),
  );
}

function column({ ref, columns, indexes }: Relation): Finding[] {
  const tenant = columns.find(({ name }) => name === 'tenant_id');
  if (!tenant) return [];
  const alter = `alter table ${ref} alter column tenant_id`;
  const findings: Finding[] = [];
  if (tenant.type !== 'uuid') {
    findings.push(
      owned(
        'tenant-type',
        ref,
        `tenant_id is ${tenant.type} and not uuid: its comparison with the session's tenant may use no index, or fold case`,
        step(
          `${alter} type uuid using tenant_id::text::uuid, after its policies and foreign keys were dropped; then npm run up`,
        ),
      ),
    );
  }
  if (!tenant.notNull) {
    findings.push(
      owned(
        'tenant-nullable',
        ref,
        'tenant_id may be null: such a row belongs to nobody, and unique keys do not hold for it',
        sql(`${alter} set not null`),
      ),
    );
  }
  if (tenant.default !== 'tenancy.require_tenant_id()') {
    findings.push(
      owned(
        'tenant-default',
        ref,
        `tenant_id defaults to ${tenant.default ?? 'nothing'} instead of the session's tenant, so a row may be made for another`,
        sql(`${alter} set default tenancy.require_tenant_id()`),
      ),
    );
  }
  if (!indexes.some((index) => index.whole && index.columns[0] === 'tenant_id')) {
    findings.push(
      owned(
        'tenant-unindexed',
        ref,
        'no whole index begins with tenant_id: each query of a tenant reads the rows of all, and its duration tells how many there are',
        sql(`create index on ${ref} (tenant_id)`),
      ),
    );
  }
  return findings;
}
