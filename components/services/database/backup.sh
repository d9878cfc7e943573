#!/bin/bash
# Backs up the cluster beside it: everything at first and on one day of the week, what differs from that on the others.
# A backup that was missed or has failed is made as soon as it can be. $STATE/figures is for Prometheus; $STATE/healthy
# is there while the last attempt worked, or the first one is on and the cluster's log arrives.
#
#   HOUR     of the day, UTC, from which the day's backup is due
#   FULL_ON  the day of the full one, such as sunday
set -uo pipefail

STATE=/tmp/backup
SOCKETS=/var/lib/postgresql/run
full=0
any=0
# Whether the last attempt failed.
failing=0
mkdir -p "$STATE"
trap 'exit 0' TERM INT

# Does nothing for some seconds; a signal ends it.
rest() {
  sleep "$1" &
  wait $!
}

# The newest moment that has passed of a schedule: one of its moments in words of date, and its period in seconds.
passed() {
  local at
  at=$(date -u -d "$1 $HOUR:00" +%s)
  [ "$at" -le "$(date +%s)" ] || at=$((at - $2))
  echo "$at"
}

# When the cluster was started, in $started. One that is away has a minute to come back: it restarts, as a rule.
await_cluster() {
  for _ in {1..60}; do
    started=$(psql -XAtq -h "$SOCKETS" -U postgres -d postgres -c 'select pg_postmaster_start_time()') && return
    rest 1
  done 2>"$STATE/why"
  tail -n 1 "$STATE/why" >&2
  echo 'backup: the cluster does not answer' >&2
  return 1
}

# When the last full backup ended, and the last of any kind; 0 for never. Postgres itself reads the JSON.
look() {
  local info known
  info=$(pgbackrest --stanza=strata --output=json --log-level-console=off info) || return 1
  known=$(psql -XAtq -F ' ' -h "$SOCKETS" -U postgres -d postgres -v ON_ERROR_STOP=1 -v info="$info" <<'SQL'
select coalesce(max(ended) filter (where type = 'full'), 0), coalesce(max(ended), 0)
from (
  select b->>'type' as type, (b->'timestamp'->>'stop')::bigint as ended
  from json_array_elements(:'info'::json) stanza, json_array_elements(stanza->'backup') b
  where b->>'error' is distinct from 'true'
) backups
SQL
  ) || return 1
  read -r full any <<<"$known"
}

# Which kind is due now: full, diff or none.
due() {
  if [ "$full" -lt "$(passed "last $FULL_ON + 1 week" 604800)" ]; then
    echo full
  elif [ "$any" -lt "$(passed today 86400)" ]; then
    echo diff
  fi
}

figures() {
  cat >"$STATE/next" <<TEXT
# HELP strata_backup_full_timestamp_seconds When the last full backup ended.
# TYPE strata_backup_full_timestamp_seconds gauge
strata_backup_full_timestamp_seconds $full
# HELP strata_backup_timestamp_seconds When the last backup of any kind ended.
# TYPE strata_backup_timestamp_seconds gauge
strata_backup_timestamp_seconds $any
# HELP strata_backup_failing Whether the last attempt failed.
# TYPE strata_backup_failing gauge
strata_backup_failing $failing
TEXT
  mv "$STATE/next" "$STATE/figures"
}

# One round: the cluster is known to the repository, its log arrives there, and what is due is made.
round() {
  local type
  pgbackrest --stanza=strata stanza-create && look || return 1
  type=$(due)
  [ -n "$type" ] || return 0
  pgbackrest --stanza=strata check || return 1
  # A large cluster takes hours; that its log arrives is known by now. After a failure only a backup is good enough.
  [ "$failing" = 1 ] || touch "$STATE/healthy"
  pgbackrest --stanza=strata --type="$type" backup && look
}

# A restart of the cluster ends a round without a fault of the backup's: then it is made again.
attempt() {
  local before
  await_cluster || return 1
  before=$started
  round || { await_cluster && [ "$started" != "$before" ] && round; }
}

figures
perl /run/strata/files/figures.pl "$STATE/figures" &
while :; do
  if attempt; then
    failing=0
    figures
    touch "$STATE/healthy"
    rest 600
  else
    failing=1
    figures
    rm -f "$STATE/healthy"
    echo 'backup: failed; trying again in half a minute' >&2
    rest 30
  fi
done
