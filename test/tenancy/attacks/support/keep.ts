import { tablesInOrder } from './estates';
import { attackers } from './names';

const attackerIds = Object.values(attackers)
  .map(({ id }) => `'${id}'`)
  .join(', ');

const list = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/**
 * Functions of a superuser, around triggers and keys: `kept.keep()` keeps all rows of some schemas as they are now,
 * `kept.restore()` puts them back and returns a hash of those that were not A's, so that whoever changed one is found out.
 */
export function keepSql(schemas: readonly string[]): string {
  const pairs = schemas.flatMap((schema) => tablesInOrder.map((table) => [schema, table] as const));
  const copies = pairs.map(
    ([schema, table]) => `create table kept.${schema}_${table} (like ${schema}.${table});`,
  );
  return `create schema kept; ${copies.join('\n')}
    create function kept.keep() returns void language plpgsql as $$
    declare
      place text; name text;
    begin
      foreach place in array array[${list(schemas)}] loop
        foreach name in array array[${list(tablesInOrder)}] loop
          execute format('truncate kept.%3$I; insert into kept.%3$I select * from %1$I.%2$I', place, name, place || '_' || name);
        end loop;
      end loop;
    end $$;
    create function kept.restore() returns text language plpgsql as $$
    declare
      place text; name text; same boolean; part text; others text := '';
      hash constant text := '(select md5(string_agg(t::text, '','' order by t::text)) from %I.%I t%s)';
    begin
      perform set_config('session_replication_role', 'replica', true);
      foreach place in array array[${list(schemas)}] loop
        foreach name in array array[${list(tablesInOrder)}] loop
          execute format('select ' || hash, place, name, ' where tenant_id not in (${attackerIds.replaceAll("'", "''")})') into part;
          others := others || coalesce(part, '');
          execute format('select ' || hash, place, name, '') || ' is not distinct from ' || format(hash, 'kept', place || '_' || name, '') into same;
          if not same then
            execute format('delete from %1$I.%2$I; insert into %1$I.%2$I select * from kept.%3$I', place, name, place || '_' || name);
          end if;
        end loop;
      end loop;
      return md5(others);
    end $$;
    select kept.keep();`;
}
