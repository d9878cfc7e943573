import fc from 'fast-check';
import { projectTitle, row, stranger, table, tenant, user } from './heard';
import { adding, raising } from './probes';

/** One statement of A. */
export interface Statement {
  readonly text: string;
  /** Only whether it fails counts: what else it says rests on estimates. */
  readonly errorOnly?: true;
}

/**
 * Statements on tables. Every row that is added has an id of the attacker's choice where the declaration lets it, and no
 * id that was made at random is read: what differs by chance must not be taken for a difference between worlds.
 */
export const onTables: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 5, arbitrary: text(reading()) },
  { weight: 5, arbitrary: text(changing()) },
  { weight: 6, arbitrary: text(adding()) },
  { weight: 3, arbitrary: text(raising()) },
  {
    weight: 1,
    arbitrary: reading().map((sql) => ({ text: `explain ${sql}`, errorOnly: true as const })),
  },
  {
    weight: 1,
    arbitrary: changing().map((sql) => ({
      text: `explain (costs off) ${sql}`,
      errorOnly: true as const,
    })),
  },
);

function text(statements: fc.Arbitrary<string>): fc.Arbitrary<Statement> {
  return statements.map((sql) => ({ text: sql }));
}

function reading(): fc.Arbitrary<string> {
  return fc.oneof(
    table('notes').map((t) => `select count(*), min(body), max(body) from ${t}`),
    table('notes').map((t) => `select id, tenant_id, author_id, project_id, body from ${t}`),
    table('projects').map((t) => `select name from ${t}`),
    table('diaries').map((t) => `select author_id, body from ${t}`),
    table('papers').map((t) => `select id, author_id, body from ${t} where author_id is not null`),
    table('papers').map((t) => `select score from ${t}`),
    table('safes').map((t) => `select label from ${t}`),
    table('safes').map((t) => `select 1 from ${t} where secret like 'W%'`),
    table('drops').map((t) => `select count(*) from ${t}`),
    table('sealed').map((t) => `select count(*) from ${t}`),
    table('countries').map((t) => `select * from ${t}`),
    table('chores').map((t) => `select * from ${t}`),
    table('careless_notes').map((t) => `select count(*), max(body) from ${t}`),
    fc.constant('select careless_count()'),
    fc
      .tuple(table('projects'), table('notes'))
      .map(
        ([p, n]) =>
          `select p.name, count(n.id) from ${p} p left join ${n} n on n.project_id = p.id group by p.name`,
      ),
    fc
      .tuple(table('projects'), table('notes'))
      .map(
        ([p, n]) =>
          `select p.name, n.body from ${p} p full join ${n} n on n.tenant_id <> p.tenant_id`,
      ),
    fc
      .tuple(table('notes'), tenant)
      .map(([n, t]) => `select id, body from ${n} where tenant_id = '${t}'`),
    fc
      .tuple(table('notes'), row('notes'))
      .map(([n, id]) => `select body from ${n} where id = '${id}' for update`),
    fc
      .tuple(table('projects'), projectTitle)
      .map(([p, name]) => `select count(*) from ${p} where name = '${name}' for key share`),
    table('notes').map((n) => `select body from ${n} order by id fetch first 2 rows only`),
    table('notes').map(
      (n) => `select body, row_number() over (order by id), count(*) over () from ${n}`,
    ),
    table('notes').map((n) => `copy (select id, body from ${n} order by id) to stdout`),
    table('notes').map((n) => `copy ${n} (id, body) to stdout`),
    table('notes').map((n) => `table ${n} limit 0`),
    table('notes').map((n) => `select count(*) from ${n} tablesample system (100)`),
    fc.constant('select count(*), sum(size) from storage.files'),
    fc.constant('select name, visibility from storage.files'),
  );
}

function changing(): fc.Arbitrary<string> {
  return fc.oneof(
    table('notes').map((t) => `update ${t} set body = 'changed'`),
    table('diaries').map((t) => `update ${t} set body = 'changed ' || author_id`),
    table('projects').map((t) => `delete from ${t}`),
    table('notes').map((t) => `delete from ${t}`),
    table('papers').map((t) => `delete from ${t} returning body`),
    fc
      .tuple(table('notes'), tenant)
      .map(([n, t]) => `delete from ${n} where tenant_id = '${t}' returning id`),
    fc.tuple(table('notes'), tenant).map(([n, t]) => `update ${n} set tenant_id = '${t}'`),
    fc
      .tuple(table('notes'), row('notes'))
      .map(([n, id]) => `update ${n} set body = 'mine' where id = '${id}' returning body`),
    fc
      .tuple(table('notes'), row('notes'), row('notes'))
      .map(([n, id, to]) => `update ${n} set id = '${to}' where id = '${id}'`),
    fc
      .tuple(table('notes'), row('projects'))
      .map(([n, p]) => `update ${n} set project_id = '${p}'`),
    fc.tuple(table('notes'), user).map(([n, u]) => `update ${n} set author_id = '${u}'`),
    fc
      .tuple(table('papers'), row('folders'))
      .map(([p, f]) => `update ${p} set folder_id = '${f}' returning id`),
    fc
      .tuple(table('projects'), projectTitle, row('projects'))
      .map(([p, name, id]) => `update ${p} set name = '${name}' where id = '${id}' returning name`),
    fc
      .tuple(table('folders'), row('folders'), row('folders'))
      .map(([f, parent, id]) => `update ${f} set parent_id = '${parent}' where id = '${id}'`),
    fc
      .tuple(table('notes'), table('projects'))
      .map(
        ([n, p]) =>
          `update ${n} n set body = p.name from ${p} p where p.tenant_id <> n.tenant_id returning n.body`,
      ),
    fc
      .tuple(table('notes'), stranger)
      .map(([n, u]) => `update ${n} set author_id = '${u}' where body like 'Rocket%'`),
    table('drops').map((t) => `update ${t} set body = 'dropped'`),
    table('safes').map((t) => `update ${t} set secret = 'mine'`),
    table('notes').map((t) => `truncate ${t}`),
    table('notes').map((t) => `lock table ${t} in access share mode`),
    fc.constantFrom(
      "update storage.files set status = 'deleting'",
      "insert into storage.files (name, mime_type, size) values ('x', 'text/plain', 1)",
      'delete from storage.files',
    ),
  );
}
