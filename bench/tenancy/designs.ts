import type { Client } from 'pg';
import { asOwner } from './tables';

/**
 * Records whole rows as JSON instead of keys, as much else as `audit.log` does: a partitioned table with the same columns
 * and indexes. `statement`: one line for each tenant and statement, with all its rows; `row`: one line for each row.
 */
export async function audited(
  admin: Client,
  schema: string,
  design: 'statement' | 'row',
): Promise<void> {
  const log = `${schema}.log`;
  await asOwner(admin, [
    `create table ${log} (like audit.log including defaults) partition by range (at)`,
    `alter table ${log} drop column keys, add column old jsonb, add column new jsonb, add primary key (at, id)`,
    `create index on ${log} (tenant_id, at)`,
    `create table ${schema}.log_other partition of ${log} default`,
    design === 'row' ? byRow(schema) : byStatement(schema),
    ...(design === 'row' ? rowTriggers(schema) : statementTriggers(schema)),
  ]);
}

function byRow(schema: string): string {
  return `create function ${schema}.record() returns trigger
    language plpgsql security definer set search_path = '' as $$
    begin
      insert into ${schema}.log (tenant_id, relation, operation, old, new) values (
        coalesce(new.tenant_id, old.tenant_id), tg_relid::regclass::text, lower(tg_op),
        case when tg_op <> 'INSERT' then to_jsonb(old) end, case when tg_op <> 'DELETE' then to_jsonb(new) end);
      return null;
    end $$`;
}

function rowTriggers(schema: string): string[] {
  return [
    `create trigger strata_audit after insert or update or delete on ${schema}.items
      for each row execute function ${schema}.record()`,
  ];
}

function byStatement(schema: string): string {
  const insert = `insert into ${schema}.log (tenant_id, relation, operation, old, new)`;
  const rows = (one: string) =>
    `(select tenant_id, jsonb_agg(to_jsonb(r)) as list from ${one} r group by tenant_id)`;
  return `create function ${schema}.record() returns trigger
    language plpgsql security definer set search_path = '' as $$
    begin
      if tg_op = 'INSERT' then
        ${insert} select n.tenant_id, tg_relid::regclass::text, 'insert', null, n.list from ${rows('new_rows')} n;
      else
        ${insert} select tenant_id, tg_relid::regclass::text, 'update', o.list, n.list
          from ${rows('old_rows')} o full join ${rows('new_rows')} n using (tenant_id);
      end if;
      return null;
    end $$`;
}

function statementTriggers(schema: string): string[] {
  const run = `for each statement execute function ${schema}.record()`;
  return [
    `create trigger strata_audit_insert after insert on ${schema}.items referencing new table as new_rows ${run}`,
    `create trigger strata_audit_update after update on ${schema}.items
      referencing old table as old_rows new table as new_rows ${run}`,
  ];
}
