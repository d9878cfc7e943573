import type { Catalogue, Index, Reference, Relation } from './catalogue';
import { type Finding, findingsOf, sql, step } from './finding';
import { tenantOf, wholeTables } from './names';

const finding = findingsOf(12);

const feels = 'a violation tells a tenant that a row of another exists';

/** 12: no key compares rows of different tenants, no reference reaches them, no counter counts them together. */
export function keys(catalogue: Catalogue): Finding[] {
  return wholeTables(catalogue)
    .filter(hasTenantId)
    .flatMap((table) => [
      ...primaryKey(table),
      ...table.indexes.flatMap((index) => uniqueKey(table, index)),
      ...table.references.flatMap((reference) => foreignKey(table, reference)),
      ...tenantReference(table),
      ...counters(table),
    ]);
}

/** Of another, check 2 says what is to be done first. */
function hasTenantId({ columns }: Relation): boolean {
  return columns.some(({ name, type }) => name === 'tenant_id' && type === 'uuid');
}

function primaryKey({ ref, indexes }: Relation): Finding[] {
  if (indexes.some(({ primary }) => primary)) return [];
  return [
    finding(
      'key-missing',
      ref,
      'it has no primary key, so changes of it cannot be recorded by key, nor its rows told apart in an export',
      step(
        `alter table ${ref} add primary key (tenant_id, …), with what names a row within a tenant`,
      ),
    ),
  ];
}

function uniqueKey({ ref, references }: Relation, index: Index): Finding[] {
  const { columns, operators, unique, primary, name, constraint } = index;
  if (!unique) return [];
  const place = columns.indexOf('tenant_id');
  const compares = operators.length > 0 && operators[place] !== '=';
  if (place >= 0 && !compares && (!primary || place === 0)) return [];
  const list = ['tenant_id', ...columns.filter((column) => column !== 'tenant_id')].join(', ');
  if (operators.length > 0) {
    return [
      finding(
        'exclusion-across',
        ref,
        `${name} excludes across tenants: ${feels}`,
        step(
          `alter table ${ref} drop constraint ${constraint ?? name}, add exclude using gist (tenant_id with =, …)`,
        ),
      ),
    ];
  }
  const kind = primary ? 'primary key' : 'unique';
  const target = primary && references.length === 0 ? ' cascade' : '';
  return [
    finding(
      primary ? 'primary-across' : 'unique-across',
      ref,
      `${name} (${columns.join(', ')}) compares rows of all tenants: ${feels}`,
      sql(
        constraint === null
          ? `drop index ${index.ref}; create unique index on ${ref} (${list})`
          : `alter table ${ref} drop constraint ${constraint}${target}; alter table ${ref} add ${kind} (${list})`,
      ),
    ),
  ];
}

function foreignKey({ ref, schema }: Relation, reference: Reference): Finding[] {
  const { name, target, targetSchema, columns, targetColumns, action } = reference;
  if (target === 'registry.tenants') return [];
  const findings: Finding[] = [];
  const users = target === 'registry.users';
  const paired = columns.some(
    (column, place) => column === 'tenant_id' && targetColumns[place] === 'tenant_id',
  );
  if (users || (reference.tenants && !paired)) {
    const own = columns.filter((column) => column !== 'tenant_id');
    const theirs = users ? ['user_id'] : targetColumns.filter((column) => column !== 'tenant_id');
    // To null only what is the row's own: tenant_id stays.
    const then = action === ' on delete set null' ? `${action} (${own.join(', ')})` : action;
    findings.push(
      finding(
        'reference-across',
        ref,
        `${name} (${columns.join(', ')}) refers to rows of ${users ? 'the whole platform' : 'any tenant'}: that the reference is taken tells that they exist`,
        sql(
          `alter table ${ref} drop constraint ${name}; alter table ${ref} add foreign key (${['tenant_id', ...own].join(', ')}) ` +
            `references ${users ? 'registry.members' : target} (${['tenant_id', ...theirs].join(', ')})${then}`,
        ),
      ),
    );
  }
  if (reference.tenants && !reference.validated) {
    findings.push(
      finding(
        'reference-unvalidated',
        ref,
        `${name} was never validated, so rows of before may refer to another tenant's`,
        sql(`alter table ${ref} validate constraint ${name}`),
      ),
    );
  }
  if (tenantOf(schema) !== undefined && targetSchema !== schema && targetSchema !== 'registry') {
    findings.push(
      finding(
        'reference-leaves',
        ref,
        `${name} refers to ${target}, outside of the tenant's own schema: the tenant cannot be moved or deleted alone`,
        sql(`alter table ${ref} drop constraint ${name}`),
      ),
    );
  }
  return findings;
}

function tenantReference({ ref, references, schema }: Relation): Finding[] {
  const there = references.some(
    ({ target, columns, validated }) =>
      target === 'registry.tenants' && validated && columns.join() === 'tenant_id',
  );
  if (there || schema === 'registry') return [];
  return [
    finding(
      'tenant-unreferenced',
      ref,
      'tenant_id refers to no tenant: rows outlive their tenant, and may be of one that never was',
      sql(
        `alter table ${ref} add foreign key (tenant_id) references registry.tenants on delete cascade`,
      ),
    ),
  ];
}

function counters({ ref, columns }: Relation): Finding[] {
  return columns
    .filter((column) => column.identity || column.default?.startsWith('nextval(') === true)
    .map(({ name }) =>
      finding(
        'counter',
        ref,
        `${name} counts over all tenants, so each can tell how much the others write`,
        step(`make ${name} of ${ref} a uuid with the default gen_random_uuid(), in a migration`),
      ),
    );
}
