import type { Mutant } from '../support/promises';

export const mutants: readonly Mutant[] = [
  {
    name: 'FORCE',
    breaks: /careless/,
    sql: 'alter table realtime.changes no force row level security',
  },
  {
    name: 'ENABLE',
    breaks: /careless/,
    sql: 'alter table realtime.changes disable row level security',
  },
  {
    name: 'the login of hearing',
    breaks: /careless .* shows/,
    sql: 'alter policy listen_read on realtime.changes using (true)',
  },
  {
    name: 'the login of removing',
    breaks: /careless .* removes/,
    sql: `alter policy listen_delete on realtime.changes using (true);
      alter policy listen_read on realtime.changes using (true)`,
  },
  {
    name: 'the login of marks',
    breaks: /careless .* removes/,
    sql: 'alter policy listen on realtime.marks using (true) with check (true)',
  },
  {
    name: 'that only triggers enter changes',
    breaks: /careless .* tells/,
    sql: 'alter policy record on realtime.changes with check (true)',
  },
  {
    name: 'the login of seeing tenants',
    breaks: /careless .* shows/,
    sql: 'alter policy realtime on registry.tenants using (true)',
  },
  {
    name: 'that tenants have no way in',
    breaks: /ann by token/,
    sql: 'grant usage on schema realtime to strata_tenant; grant select on realtime.changes to strata_tenant',
  },
  {
    name: 'that functions are nobody’s by default',
    breaks: /ann in a Hasura/,
    sql: 'grant usage on schema realtime to public; grant execute on all functions in schema realtime to public',
  },
  {
    name: 'that the listener reads no table',
    breaks: /listener has functions/,
    sql: 'grant select on realtime.changes to strata_realtime',
  },
  {
    name: 'that the trigger writes as the owner',
    breaks: /which row of whom/,
    sql: 'alter function realtime.record() security invoker',
  },
  {
    name: 'two changes of a moved row',
    breaks: /moves/,
    change: ['record', "before -> 'tenant_id' <> after -> 'tenant_id' or", ''],
  },
  {
    name: 'two changes of a row with another key',
    breaks: /another key/,
    change: ['record', 'or was <> becomes', ''],
  },
  {
    name: 'the owner that was',
    breaks: /whose it was/,
    change: ['record', 'coalesce(after, before), tg_argv[1]', 'after, tg_argv[1]'],
  },
  {
    name: 'the declared name',
    breaks: /declared name/,
    change: ['record', 'tg_argv[0], lower', 'tg_relid::regclass::text, lower'],
  },
  {
    name: 'the word to listeners',
    breaks: /woken/,
    change: ['record', 'perform pg_notify', '-- perform pg_notify'],
  },
  {
    name: 'that the word says nothing',
    breaks: /woken/,
    change: ['record', "'strata_realtime', ''", "'strata_realtime', becomes::text"],
  },
  {
    name: 'what ran while it was looked',
    breaks: /another order/,
    change: ['since', 'not pg_visible_in_snapshot(c.xid, seen)', 'c.xid >= pg_snapshot_xmax(seen)'],
  },
  {
    name: 'what ran before, by chance',
    breaks: /however transactions cross/,
    change: ['since', 'c.xid >= pg_snapshot_xmin(seen)', 'c.xid > pg_snapshot_xmin(seen)'],
  },
  {
    name: 'what was seen',
    breaks: /another order/,
    change: ['since', 'and not pg_visible_in_snapshot(c.xid, seen)', ''],
  },
  {
    name: 'the order',
    breaks: /in its order/,
    change: ['since', 'order by u.position', 'order by u.position desc'],
  },
  {
    name: 'the status of tenants',
    breaks: /suspended/,
    change: ['since', "and t.status = 'active'", ''],
  },
  {
    name: 'the bound of one tenant',
    breaks: /very much/,
    change: ['since', 'partition by c.tenant_id', ''],
  },
  {
    name: 'the word of a gap',
    breaks: /very much/,
    change: ['since', 'most + 1', 'most'],
  },
  {
    name: 'the gap of who was away',
    breaks: /was away/,
    change: ['is_lost', 'm.swept', 'false'],
  },
  {
    name: 'the gap of who missed one that ran',
    breaks: /still ran/,
    change: ['is_lost', 'pg_visible_in_snapshot(running.xid, m.snapshot)', 'false'],
  },
  {
    name: 'the peace of who was there',
    breaks: /was away/,
    change: ['is_lost', 'pg_snapshot_xmax(seen) < pg_snapshot_xmax(m.snapshot)', 'true'],
  },
  {
    name: 'the gap of another cluster',
    breaks: /not come to/,
    change: [
      'is_lost',
      'pg_snapshot_xmax(seen) > pg_snapshot_xmax(pg_current_snapshot())',
      'false',
    ],
  },
  {
    name: 'the time that is kept',
    breaks: /keeps what is younger/,
    change: ['sweep', '- keep', ''],
  },
  {
    name: 'that sweeping looks at what was over',
    breaks: /keeps what is younger/,
    change: ['sweep', 'and pg_visible_in_snapshot(c.xid, mark.snapshot)', ''],
  },
  {
    name: 'that sweeping is remembered',
    breaks: /was away/,
    change: ['sweep', 'set swept = true', 'set swept = false'],
  },
];
