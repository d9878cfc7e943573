import type { Mutant } from '../support/promises';

export const mutants: readonly Mutant[] = [
  {
    name: 'FORCE',
    breaks: /careless/,
    sql: 'alter table outbox.events no force row level security',
  },
  {
    name: 'ENABLE',
    breaks: /careless/,
    sql: 'alter table outbox.events disable row level security',
  },
  {
    name: 'the login of reading',
    breaks: /careless .* shows/,
    sql: 'alter policy dispatch_read on outbox.events using (true)',
  },
  {
    name: 'the login of changing',
    breaks: /careless .* forges/,
    sql: `alter policy dispatch_update on outbox.events using (true) with check (true);
      alter policy dispatch_read on outbox.events using (true)`,
  },
  {
    name: 'the login of removing',
    breaks: /careless .* forges/,
    sql: 'alter policy dispatch_delete on outbox.events using (true)',
  },
  {
    name: 'that only triggers and the dispatcher enter events',
    breaks: /careless .* forges/,
    sql: 'alter policy record on outbox.events with check (true)',
  },
  {
    name: 'the login of seeing tenants',
    breaks: /careless .* shows/,
    sql: 'alter policy dispatch on registry.tenants using (true)',
  },
  {
    name: 'that tenants have no way in',
    breaks: /ann by token/,
    sql: 'grant usage on schema outbox to strata_tenant; grant select on outbox.events to strata_tenant',
  },
  {
    name: 'that functions are nobody’s by default',
    breaks: /ann in a Hasura/,
    sql: 'grant usage on schema outbox to public; grant execute on all functions in schema outbox to public',
  },
  {
    name: 'that the trigger writes as the owner',
    breaks: /event of the row/,
    sql: 'alter function outbox.record() security invoker',
  },
  {
    name: 'two events of a moved row',
    breaks: /moves/,
    change: ['record', "before -> 'tenant_id' <> after -> 'tenant_id'", 'false'],
  },
  { name: 'the bound of rows', breaks: /64 kB/, change: ['write', '65536', '6553600'] },
  {
    name: 'the word to listeners',
    breaks: /listeners/,
    change: ['record', 'perform pg_notify', '-- perform pg_notify'],
  },
  { name: 'the lease', breaks: /to one caller/, change: ['claim', '+ lease_time', ''] },
  {
    name: 'that locked events are passed over',
    breaks: /to one caller/,
    change: ['claim', 'for update of w skip locked', 'for update of w'],
  },
  {
    name: 'that events are chosen once',
    breaks: /no more than/,
    change: ['claim', 'limit most', ''],
  },
  {
    name: 'the order of a row',
    breaks: /one after the other/,
    change: ['claim', 'earlier.lane = w.lane', 'false'],
  },
  {
    name: 'the names of functions',
    breaks: /that are named/,
    change: ['claim', 'and w.function = any (functions)', ''],
  },
  {
    name: 'the status of tenants',
    breaks: /suspended/,
    change: ['claim', "and t.status = 'active'", ''],
  },
  {
    name: 'the end of what ends its worker',
    breaks: /ends its worker/,
    change: ['claim', 'attempts >= most_attempts', 'false'],
  },
  {
    name: 'the holder of completing',
    breaks: /first holder/,
    change: ['complete', 'and lease = held', ''],
  },
  {
    name: 'the holder of failing',
    breaks: /first holder/,
    change: ['fail', 'and lease = held', ''],
  },
  {
    name: 'contents that go when they are done',
    breaks: /without its contents/,
    change: ['complete', ', old_row = null, new_row = null', ''],
  },
  {
    name: 'the end of trying',
    breaks: /pause that doubles/,
    change: ['fail', "then 'dead'", "then 'pending'"],
  },
  {
    name: 'the doubling pause',
    breaks: /pause that doubles/,
    change: ['fail', 'power(2, least(attempts, 13) - 1)', '0'],
  },
  { name: 'the time that is kept', breaks: /for a time/, change: ['sweep', '- keep', ''] },
  {
    name: 'tenants that are gone',
    breaks: /with a tenant/,
    change: ['sweep', 'e.tenant_id is not null', 'false'],
  },
  {
    name: 'one tick for all',
    breaks: /entered once/,
    sql: 'drop index outbox.events_tick; create index events_tick on outbox.events (function)',
    change: ['tick', "on conflict (function, occurred_at) where operation = 'tick' do nothing", ''],
  },
  {
    name: 'one tick at a time',
    breaks: /left out/,
    change: ['tick', "state = 'pending'", 'false'],
  },
];
