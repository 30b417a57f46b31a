#!/usr/bin/env bash
# rc-job-run.bash - jobs a second through a real handler, beside TimeTracker's loop in plain SQL
#
# usage: rc-postgres -- t/bench/rc-job-run.bash [JOBS [ROUNDS]]      (default: 20000 3)
#
# Each round runs all of them one after another, so that what else the machine does meets all alike. `six` is TimeTracker's table
# with its six indexes, `two` the same with the primary key and (status, run_after) only. pgbench -S -c1 is the yardstick for
# one trip to the server and back. With GRAPHILE_WORKER, a folder in which npm has installed graphile-worker, that too.
set -euo pipefail
here=$(dirname -- "$(readlink -f -- "$0")") jobs=${1:-20000} rounds=${2:-3}
work=$(mktemp -d) && trap 'rm -rf -- "$work"' EXIT
export RC_EVENTS=''
"${CC:-gcc}" -O2 -o "$work/handler" "$here/job-handler.c"

sql() { psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" -c "$1"; }

new_table() { # six|two
  sql 'drop table if exists outbox_job' 2>/dev/null
  sed -n '/^CREATE TABLE outbox_job/,/^CREATE TABLE [^o]/{/^CREATE TABLE [^o]/!p}' "$here/../../share/sql/timetracker/schema.sql" | psql -Xq "$DATABASE_URL"
  [[ $1 == six ]] || sql 'drop index idx_outbox_dedup, idx_outbox_job_type, outbox_job_dedup_key_a76f9af7_like; alter table outbox_job drop constraint outbox_job_dedup_key_key'
}

fill() { # six|two
  new_table "$1"
  sql "insert into outbox_job (job_type, dedup_key, payload_json, status, attempts, run_after, created_at, updated_at)
       select 'TIMESHEET_DAY_SAVED', 'timesheet:day_saved:' || n || ':2026-11-21', jsonb_build_object('employee_id', n, 'date', '2026-11-21'),
         'PENDING', 0, clock_timestamp(), clock_timestamp(), clock_timestamp() from generate_series(1, $jobs) n"
  sql 'vacuum analyze outbox_job'
  sql checkpoint
}

# measure NAME UNITS COMMAND...: prints how many units a second it does.
measure() {
  local start=${EPOCHREALTIME/./} name=$1 units=$2
  "${@:3}" >"$work/out" 2>&1 || { cat "$work/out" >&2; return 1; }
  printf '%-34s %8d /s\n' "$name" $((units * 1000000 / (${EPOCHREALTIME/./} - start)))
}

ours() { rc-job-run --once -- "$work/handler"; }

two_workers() {
  ours &
  ours
  wait "$!"
}

# Three statements for each job, each its own transaction, as TimeTracker's worker sends them (without Python's own time).
timetracker_loop() { # COUNT
  for ((i = 1; i <= $1; i++)); do
    printf "update outbox_job set status = 'RUNNING', updated_at = now() where id = %d and status = 'PENDING';\nselect * from outbox_job where id = %d;\nupdate outbox_job set status = 'DONE', updated_at = now() where id = %d;\n" "$i" "$i" "$i"
  done >"$work/loop.sql"
  psql -Xq "$DATABASE_URL" -f "$work/loop.sql"
}

pgbench -iq "$DATABASE_URL" >/dev/null 2>&1
for ((round = 1; round <= rounds; round++)); do
  printf -- '-- round %d, %d jobs\n' "$round" "$jobs"
  pgbench -S -c1 -T2 -M prepared "$DATABASE_URL" 2>/dev/null | sed -n 's/^tps = \([0-9]*\).*/\1/p' | xargs printf '%-34s %8d /s\n' 'pgbench -S -c1'
  for table in two six; do
    fill "$table"
    measure "rc-job-run, $table indexes" "$jobs" ours
    fill "$table"
    rc-job-setup install >/dev/null
    measure "rc-job-run, $table, claims noted" "$jobs" ours
    sql 'drop schema rc cascade' 2>/dev/null
    fill "$table"
    measure "two workers, $table indexes" "$jobs" two_workers
  done
  fill six
  measure "TimeTracker's statements" $((jobs / 10)) timetracker_loop $((jobs / 10))
  fill six
  sql "delete from outbox_job where id > $jobs / 10"
  measure 'rc-job-run --exec' $((jobs / 10)) rc-job-run --once --exec --per-handler 2 -- true
  # shellcheck disable=SC2016 # the inner shell expands it
  measure 'a shell that starts as many' $((jobs / 10)) sh -c 'i=0; while [ $i -lt '$((jobs / 10))' ]; do /bin/true; i=$((i + 1)); done'
  if [[ ${GRAPHILE_WORKER-} ]]; then
    (cd "$GRAPHILE_WORKER" && node "$here/graphile-worker.mjs" fill "$jobs" >/dev/null)
    sql checkpoint
    measure 'graphile-worker' "$jobs" env -C "$GRAPHILE_WORKER" node "$here/graphile-worker.mjs" run
  fi
done
