import fc from 'fast-check';
import { projectTitle, row, table, tenant, user } from './heard';

/** Each asks by a key or a reference whether a row is there that may not be seen. */
export function adding(): fc.Arbitrary<string> {
  const note = fc.tuple(table('notes'), row('notes'), row('projects'), user, tenant);
  return fc.oneof(
    note.map(
      ([n, id, p, u]) =>
        `insert into ${n} (id, project_id, author_id, body) values ('${id}', '${p}', '${u}', 'new')`,
    ),
    note.map(
      ([n, id, p]) =>
        `insert into ${n} (id, project_id, body) values ('${id}', '${p}', 'new') on conflict do nothing`,
    ),
    note.map(
      ([n, id, p, u, t]) =>
        `insert into ${n} (tenant_id, id, project_id, author_id, body) values ('${t}', '${id}', '${p}', '${u}', 'new')`,
    ),
    note.map(
      ([n, id, p, u, t]) =>
        `insert into ${n} (tenant_id, id, project_id, author_id, body) values ('${t}', '${id}', '${p}', '${u}', 'new')
         on conflict (tenant_id, id) do update set body = excluded.body returning body`,
    ),
    note.map(
      ([n, id, p]) =>
        `merge into ${n} n using (values ('${id}'::uuid)) v (id) on n.id = v.id
         when matched then update set body = 'merged' when not matched then insert (id, project_id, body) values (v.id, '${p}', 'merged')`,
    ),
    note.map(
      ([n, id, p]) =>
        `with gone as (delete from ${n} returning id), new as (insert into ${n} (id, project_id, body) values ('${id}', '${p}', 'new')
         on conflict do nothing returning id) select (select count(*) from gone), (select count(*) from new)`,
    ),
    fc
      .tuple(table('papers'), row('papers'), row('folders'), tenant)
      .map(
        ([p, id, f, t]) =>
          `insert into ${p} (tenant_id, id, folder_id, body) values ('${t}', '${id}', '${f}', 'new')`,
      ),
    fc
      .tuple(table('papers'), row('papers'), row('folders'))
      .map(
        ([p, id, f]) =>
          `insert into ${p} (id, folder_id, body) values ('${id}', '${f}', 'new') returning body`,
      ),
    fc
      .tuple(table('projects'), projectTitle)
      .map(([p, name]) => `insert into ${p} (name) values ('${name}')`),
    fc
      .tuple(table('projects'), projectTitle)
      .map(
        ([p, name]) =>
          `insert into ${p} (name) values ('${name}') on conflict do nothing returning name`,
      ),
    fc
      .tuple(table('projects'), projectTitle)
      .map(
        ([p, name]) =>
          `insert into ${p} (name) values ('${name}') on conflict (tenant_id, name) do update set name = 'taken'`,
      ),
    fc
      .tuple(table('folders'), row('folders'))
      .map(([f, parent]) => `insert into ${f} (name, parent_id) values ('new', '${parent}')`),
    fc
      .tuple(table('drops'), row('drops'), tenant)
      .map(
        ([d, id, t]) => `insert into ${d} (tenant_id, id, body) values ('${t}', '${id}', 'new')`,
      ),
    fc
      .tuple(table('drops'), row('drops'))
      .map(
        ([d, id]) => `insert into ${d} (id, body) values ('${id}', 'new') on conflict do nothing`,
      ),
    table('diaries').map((t) => `insert into ${t} (body) values ('new') returning author_id`),
    table('notes').map(
      (t) =>
        `insert into ${t} (id, project_id, body) select id, project_id, body from ${t} on conflict do nothing`,
    ),
  );
}

/**
 * Conditions that fail on a row that they get to see, with the same words whichever row comes first: in what order A's own
 * rows lie on disk depends on the rows between them.
 */
export function raising(): fc.Arbitrary<string> {
  return fc.oneof(
    fc
      .tuple(table('notes'), tenant)
      .map(
        ([n, t]) =>
          `select count(*) from ${n} where 1 / (case when tenant_id = '${t}' then 0 else 1 end) = 1`,
      ),
    fc
      .tuple(table('notes'), row('notes'))
      .map(([n, id]) => `select count(*) from ${n} where id = '${id}' and body::int > 0`),
    fc
      .tuple(table('notes'), tenant)
      .map(
        ([n, t]) =>
          `select count(*) from ${n} where tenant_id = '${t}' and (length(body) - length(body))::text::date > now()`,
      ),
    fc
      .tuple(table('notes'), tenant)
      .map(
        ([n, t]) =>
          `update ${n} set body = 'x' where tenant_id = '${t}' and 1 / (length(body) - length(body)) = 1`,
      ),
    fc
      .tuple(table('papers'), row('papers'))
      .map(([p, id]) => `select count(*) from ${p} where id = '${id}' and body::numeric > 1`),
    fc
      .tuple(table('projects'), projectTitle)
      .map(
        ([p, name]) => `delete from ${p} where name = '${name}' and ('{' || name)::jsonb is null`,
      ),
    fc
      .tuple(table('careless_notes'), row('notes'))
      .map(([n, id]) => `select count(*) from ${n} where id = '${id}' and body::int = 1`),
    fc
      .tuple(table('notes'), row('projects'))
      .map(
        ([n, p]) =>
          `do $$ begin perform 1 from ${n} where project_id = '${p}'; if found then raise exception 'there'; end if; end $$`,
      ),
    table('notes').map(
      (n) => `do $$ begin raise notice '% rows', (select count(*) from ${n}); end $$`,
    ),
    fc.tuple(table('projects'), projectTitle).map(
      ([p, name]) => `do $$ begin insert into ${p} (name) values ('${name}');
        exception when unique_violation then raise notice 'taken: %', sqlerrm; end $$`,
    ),
  );
}
