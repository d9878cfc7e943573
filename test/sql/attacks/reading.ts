import type { Attack } from '../support/verdict';
import { anns, attack, denied } from './attack';

const ann = 'ann by token';

/** Reading, counting and inferring rows of the other tenant. */
export const reading: readonly Attack[] = [
  ...anns.flatMap((as) => [
    attack(as, 'counts every note', 'select count(*) from app.notes', { value: 3 }),
    attack(as, 'counts every project', 'select count(*) from app.projects', { value: 2 }),
    attack(as, 'counts every draft', 'select count(*) from app.drafts', { value: 2 }),
    attack(as, 'reads every note', 'select * from app.notes', 'own'),
    attack(
      as,
      'asks for the other tenant',
      ({ globex }) => `select * from app.notes where tenant_id = '${globex.id}'`,
      'nothing',
    ),
    attack(
      as,
      'asks for a foreign note by its id',
      ({ gus }) => `select * from app.notes where id = '${gus.note}'`,
      'nothing',
    ),
    attack(as, 'widens the condition', 'select * from app.notes where false or true', 'own'),
    attack(
      as,
      'locks a foreign note',
      ({ gus }) => `select * from app.notes where id = '${gus.note}' for update`,
      'nothing',
    ),
  ]),
  attack(
    ann,
    'reads in a scalar subquery',
    ({ globex }) => `select (select body from app.notes where tenant_id = '${globex.id}' limit 1)`,
    { value: null },
  ),
  attack(
    ann,
    'reads in a materialised CTE',
    'with n as materialized (select * from app.notes) select * from n',
    'own',
  ),
  attack(
    ann,
    'reads sideways',
    ({ globex }) =>
      `select n.* from app.projects p, lateral (select * from app.notes where tenant_id = '${globex.id}') n`,
    'nothing',
  ),
  attack(
    ann,
    'joins without a condition',
    'select n.tenant_id, p.tenant_id as other from app.notes n cross join app.projects p',
    'own',
  ),
  attack(
    ann,
    'unites tables',
    'select tenant_id from app.notes union select tenant_id from app.projects union select tenant_id from app.drafts',
    'own',
  ),
  attack(ann, 'aggregates all texts', "select string_agg(body, '|') from app.notes", 'clean'),
  attack(ann, 'samples the table', 'select * from app.notes tablesample system (100)', 'own'),
  attack(ann, 'scans by physical place', "select * from app.notes where ctid >= '(0,0)'", 'own'),
  attack(
    ann,
    'reads with a cursor',
    ['declare c scroll cursor for select * from app.notes', 'fetch all from c'].join(';'),
    'own',
  ),
  attack(
    ann,
    'reads with a prepared statement',
    'prepare p as select * from app.notes; execute p',
    'own',
  ),
  attack(ann, 'copies the table out', 'copy app.notes to stdout', 'clean'),
  attack(ann, 'copies a query out', 'copy (select * from app.notes) to stdout', 'clean'),
  attack(
    ann,
    'reads in an anonymous block',
    "do $$ begin raise notice '%', (select string_agg(n::text, '|') from app.notes n); end $$",
    'clean',
  ),
  attack(
    ann,
    'reads through XML',
    "select query_to_xml('select * from app.notes', true, true, '')",
    'clean',
  ),
  attack(
    ann,
    'reads through a view that runs as its owner',
    'select * from app.careless_notes',
    'nothing',
  ),
  attack(ann, 'counts through a function that runs as its owner', 'select app.careless_count()', {
    value: 0,
  }),
  attack(
    ann,
    'turns row security off',
    'set local row_security = off; select * from app.notes',
    denied,
  ),

  attack(
    ann,
    'reads foreign texts in the error of a cast',
    'select * from app.drafts where title::int = 0',
    'clean',
  ),
  attack(
    ann,
    'asks by an error',
    ({ globex }) =>
      `select * from app.notes where 1 / (case when tenant_id = '${globex.id}' then 0 else 1 end) = 1`,
    'own',
  ),
  attack(
    ann,
    'asks by an error in the text',
    "select * from app.notes where 1 / (case when body ilike '%snow%' then 0 else 1 end) = 1",
    'own',
  ),
  attack(
    ann,
    'asks for a known text',
    "select * from app.notes where body = 'Rain on weekdays only.'",
    'nothing',
  ),
  attack(
    ann,
    'reads the plan of a query',
    'explain (analyze, verbose, costs off, timing off) select * from app.notes',
    'clean',
  ),
  attack(
    ann,
    'reads the statistics of the columns',
    "select * from pg_stats where schemaname = 'app'",
    'nothing',
  ),
  attack(ann, 'reads the statistics themselves', 'select * from pg_statistic', denied),
  attack(ann, 'reads the statistics of the tables', 'select * from pg_stat_user_tables', denied),
  attack(
    ann,
    'counts rows by the counters of a table',
    "select pg_stat_get_live_tuples('app.notes'::regclass)",
    denied,
  ),
  attack(ann, 'measures a table', "select pg_total_relation_size('app.notes')", denied),
  attack(ann, 'leaves a message in a large object', "select lo_from_bytea(0, 'psst')", denied),
  attack(ann, 'opens a large object', 'select lo_get(424242)', denied),
  attack(
    ann,
    'looks for numbers that sequences gave',
    'select * from pg_sequences where last_value is not null',
    'nothing',
  ),
  attack(ann, 'looks how often admins were made', 'select * from registry.admins_made', denied),
  attack(ann, 'reads the locks', 'select * from pg_locks', 'clean'),
  attack(ann, 'reads the statements of others', 'select * from pg_stat_activity', denied, {
    elsewhere: {
      as: 'gus by token',
      run: ({ globex }) => `select '${globex.projectName}' from app.projects`,
    },
  }),
  attack(ann, 'listens', 'listen notes; listen app; listen "app.notes"', 'clean', {
    meanwhile: {
      as: 'gus by token',
      run: ({ gus }) => `update app.notes set body = body where id = '${gus.note}'`,
    },
  }),

  attack(ann, 'reads the tenants', 'select * from registry.tenants', denied),
  attack(ann, 'reads the users', 'select * from registry.users', denied),
  attack(ann, 'reads the members', 'select * from registry.members', denied),
  attack(ann, 'reads the audit log', 'select * from audit.log', denied),
  attack(ann, 'reads a part of the audit log', 'select * from audit.log_other', denied),
  attack(ann, 'reads the ledger', 'select * from strata.migrations', denied),
  attack(ann, 'reads large objects', 'select * from pg_largeobject', denied),
  attack(ann, 'reads a file of the server', "select pg_read_file('PG_VERSION')", denied),
  attack(ann, 'imports a file as large object', "select lo_import('/etc/passwd')", denied),
  attack(ann, 'copies to a program', "copy app.notes to program 'cat'", denied),
  attack(ann, 'reads the passwords', 'select * from pg_authid', denied),
];
