#!/usr/bin/env bash
# Jobs a second through a real handler, beside graphile-worker, River, PgQueuer and TimeTracker's statements, each on a table of its
# own; and what no rate shows: latency, an idle worker's queries, a killed worker, a long queue. JOBS (default: 20,000), RUNS (3).
#
# Ours is measured from the start of the process to its end, a peer from its first job to its empty table. `two` is TimeTracker's
# table with its primary key and the index on status and run_after, `six` the same with all of its indexes. Lease mode notes its
# claims (rc-job-setup). pgbench -S -c1 is the yardstick for one trip to the server and back.
# shellcheck source=t/bench/helper.bash
. "$(dirname -- "$0")/helper.bash"
jobs=${JOBS:-20000} runs=${RUNS:-3} few=$((${JOBS:-20000} / 10)) code=0
export RC_EVENTS=''
"${CC:-gcc}" -O2 -o "$folder/handler" "$here/job-handler.c"
"${CC:-gcc}" -O2 -o "$folder/spawn-loop" "$here/spawn-loop.c"
"${CC:-gcc}" -O2 -I"$(pg_config --includedir)" -o "$folder/latency" "$here/job-latency.c" -L"$(pg_config --libdir)" -lpq

sql() { psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" "${@/#/-c}" 2>"$folder/notices" || { cat "$folder/notices" >&2; return 1; }; }

# ---- tables ----

columns='job_type, dedup_key, payload_json, status, attempts, run_after, created_at, updated_at'

new_table() { # two|six
  sql 'drop table if exists outbox_job'
  sed -n '/^CREATE TABLE outbox_job/,/^CREATE TABLE [^o]/{/^CREATE TABLE [^o]/!p}' "$here/../../share/sql/timetracker/schema.sql" | psql -Xq "$DATABASE_URL"
  [[ $1 == six ]] || sql 'drop index idx_outbox_dedup, idx_outbox_job_type, outbox_job_dedup_key_a76f9af7_like' \
    'alter table outbox_job drop constraint outbox_job_dedup_key_key'
  rc-job-setup install >/dev/null
}
add_jobs() { # COUNT
  sql "insert into outbox_job ($columns) select 'TIMESHEET_DAY_SAVED', 'timesheet:day_saved:' || n || ':2026-11-21',
    jsonb_build_object('employee_id', n, 'date', '2026-11-21'), 'PENDING', 0, clock_timestamp(), clock_timestamp(), clock_timestamp() from generate_series(1, $1) n"
}
fill() { # two|six [COUNT]
  new_table "$1"
  add_jobs "${2-$jobs}"
  sql 'vacuum analyze outbox_job' checkpoint
}

# 200,000 jobs were done while a transaction is open that could still see them as they were.
fill_behind_dead() {
  new_table two
  add_jobs 200000
  mkfifo "$folder/pin"
  psql -XAtq "$DATABASE_URL" <"$folder/pin" >/dev/null &
  exec {pin}>"$folder/pin"
  echo 'begin isolation level repeatable read; select count(*) from outbox_job;' >&"$pin"
  until [[ $(sql "select count(*) from pg_stat_activity where state = 'idle in transaction' and datname = current_database()") == 1 ]]; do sleep 0.05; done
  sql "update outbox_job set status = 'DONE'"
  add_jobs "$jobs"
  sql 'vacuum analyze outbox_job' checkpoint
}
unpin() {
  exec {pin}>&-
  wait "$!" || :
  rm "$folder/pin"
}

# ---- peers ----

# Their programs print the microseconds that they took.
graphile() { PATH=$folder/graphile/node_modules/node/bin:$PATH by_parts node "$folder/graphile/graphile-jobs.mjs" "$@"; }
install_graphile() {
  mkdir graphile && timeout 300 "$here/../../tools/npm-install" graphile graphile-worker@0.18 node@22 && cp "$here/peers/graphile-jobs.mjs" graphile/
}
pgqueuer() { by_parts "$folder/pgqueuer/bin/python" "$here/peers/pgqueuer-jobs.py" "$@"; }
install_pgqueuer() { python3 -m venv pgqueuer && timeout 300 pgqueuer/bin/pip install --quiet 'pgqueuer[asyncpg]==1.6.0' uvloop; }
river() { "$folder/river/river-jobs" "$@"; }
install_river() {
  mkdir river && cd river && cp "$here/peers/river-jobs.go" . && go_here mod init river-jobs &&
    go_here get github.com/riverqueue/river@v0.51.2 github.com/riverqueue/river/riverdriver/riverpgxv5@v0.51.2 &&
    go_here mod tidy && go_here build -o river-jobs .
}

run_peer() { # NAME
  "$1" fill "$jobs" >/dev/null
  sql checkpoint
  "$1" run "$jobs" | tail -n 1 >>"$folder/$1.times" # graphile-worker logs before it
}

# Three statements for each job, each its own transaction, as TimeTracker's worker sends them (without Python's own time).
timetracker_loop() {
  for ((i = 1; i <= few; i++)); do
    printf "update outbox_job set status = 'RUNNING', updated_at = now() where id = %d and status = 'PENDING';\nselect * from outbox_job where id = %d;\nupdate outbox_job set status = 'DONE', updated_at = now() where id = %d;\n" "$i" "$i" "$i"
  done >"$folder/loop.sql"
  psql -Xq "$DATABASE_URL" -o /dev/null -f "$folder/loop.sql"
}

# ---- ours ----

work() { rc-job-run --once "$@" -- "$folder/handler"; }
work_exec() { rc-job-run --once --exec -- true; }
two_workers() {
  work "$@" &
  work "$@"
  wait "$!"
}
all_done() { [[ $(sql "select count(*) from outbox_job where status <> 'DONE'") == 0 ]] || { echo 'jobs are left' >&2; exit 1; }; }
run_ours() { # NAME COMMAND...
  run_timed "$@"
  all_done
}

# rate NAME [UNITS]: the median as so many a second; prints nothing.
declare -A rates
rate() { rates[$1]=$(awk -v t="$(median "$1")" -v n="${2-$jobs}" 'BEGIN { printf "%d", n * 1e6 / t }') && printf '%-34s %8d /s\n' "$1" "${rates[$1]}"; }

# compare TITLE OURS PEER LEAST: OURS must be LEAST times PEER.
compare() {
  awk -v title="$1" -v a="$2" -v b="$3" -v ours="${rates[$2]}" -v peer="${rates[$3]}" -v least="$4" 'BEGIN {
    printf "%-34s %s %d /s, %s %d /s, ratio %.2f (limit %s): %s\n", title, a, ours, b, peer, ours / peer, least, (ours >= peer * least ? "holds" : "FAILS")
    exit (ours < peer * least) }' || code=1
}
# at_most TITLE VALUE LIMIT UNIT
at_most() {
  awk -v title="$1" -v value="$2" -v limit="$3" -v unit="$4" 'BEGIN {
    printf "%-34s %s %s (limit %s): %s\n", title, value, unit, limit, (value <= limit ? "holds" : "FAILS"); exit (value > limit) }' || code=1
}

for peer in graphile river pgqueuer; do install_peer "$peer"; done
pgbench -iq "$DATABASE_URL" >/dev/null 2>&1
for ((round = 1; round <= runs; round++)); do
  pgbench -S -c1 -T2 -M prepared "$DATABASE_URL" 2>/dev/null | sed -n 's/^tps = \([0-9]*\).*/\1/p' | awk '{ printf "%d\n", 1e9 / $1 }' >>"$folder/pgbench.times"
  for table in two six; do
    fill "$table"; run_ours "hold-$table" work --hold
    fill "$table"; run_ours "lease-$table" work
  done
  for peer in "${peers[@]}"; do run_peer "$peer"; done
  fill two; run_ours two-workers two_workers
  fill_behind_dead; run_timed lease-dead work; unpin
  fill six; run_timed timetracker timetracker_loop
  fill two "$few"; run_ours exec work_exec
  run_timed spawn-loop "$folder/spawn-loop" "$few" true
done

printf -- '-- %d jobs, median of %d\n' "$jobs" "$runs"
rate pgbench 1000
for name in hold-two lease-two hold-six lease-six two-workers lease-dead "${peers[@]}"; do rate "$name"; done
for name in timetracker exec spawn-loop; do rate "$name" "$few"; done
best=timetracker
for peer in "${peers[@]}"; do ((rates[$peer] <= rates[$best])) || best=$peer; done
compare 'hold, beside the best peer' hold-two "$best" 1.8
compare 'lease, beside the best peer' lease-two "$best" 1.2
compare 'hold, six indexes' hold-six "$best" 1.2
compare 'lease, six indexes' lease-six "$best" 0.75
compare '200,000 dead before them' lease-dead lease-two 0.6
compare 'two workers and one' two-workers lease-two 1
compare 'a process for each job' exec spawn-loop 0.8

# ---- what no rate shows ----

worker=
start_worker() { # ARGUMENT... ; it is idle when this returns
  rc-job-run "$@" >/dev/null 2>&1 &
  worker=$!
  until [[ $(sql "select count(*) from pg_stat_activity where application_name like 'rc-job-run%' and state = 'idle' and query like '%exists%'") == 1 ]]; do sleep 0.05; done
}
end_worker() {
  kill -TERM "$worker"
  wait "$worker"
}
# of COLUMN: the share of the sorted lines of a column of $folder/waits, in ms
of() { sort -n -k "$2,$2" "$folder/waits" | awk -v share="$1" -v column="$2" '{ t[NR] = $column } END { i = int(NR * share); printf "%.2f", t[i < 1 ? 1 : i] / 1000 }'; }

new_table six
start_worker -- "$folder/latency" take "$folder/came"
transactions() { psql -XAtq "${DATABASE_URL/'/postgres?'//template1?}" -c "select xact_commit + xact_rollback from pg_stat_database where datname = 'postgres'"; }
sleep 3
before=$(transactions)
sleep 20
at_most 'queries of an idle worker' "$(awk -v n=$(($(transactions) - before)) 'BEGIN { print n / 20 }')" 1 'a second'
"$folder/latency" add 300 20 >"$folder/sent"
sleep 0.5
end_worker
join <(sort "$folder/sent") <(sort "$folder/came") | awk '{ print $4 - $3, $4 - $2 }' >"$folder/waits"
at_most 'committed to in hand, p50' "$(of 0.5 1)" 1.5 ms
at_most 'committed to in hand, p95' "$(of 0.95 1)" 3 ms
printf '%-34s p50 %s ms, p95 %s ms\n' 'INSERT sent to in hand' "$(of 0.5 2)" "$(of 0.95 2)"

# kill -9 of a worker that holds 50 jobs, which its handler never answers
fill two 50
rc-job-run --hold -- sleep 1000 >/dev/null 2>&1 &
worker=$!
until [[ $(sql "select count(*) from pg_stat_activity where application_name like 'rc-job-run%' and state = 'idle in transaction'") == 1 ]]; do :; done
sql "do \$\$ begin loop
  perform from outbox_job where id = 1 and status = 'PENDING' for update skip locked;
  exit when found;
  perform pg_sleep(0.0005);
end loop; end \$\$" "select (extract(epoch from clock_timestamp()) * 1000000)::bigint" >"$folder/free" &
watch=$!
sleep 0.1
killed=${EPOCHREALTIME/./}
kill -KILL "$worker"
wait "$watch"
at_most 'kill -9: row locks free after' "$(awk -v n=$(($(cat "$folder/free") - killed)) 'BEGIN { print n / 1000 }')" 100 ms

# and of one that leases them, beside an idle one
fill two 50
rc-job-run -- sleep 1000 >/dev/null 2>&1 &
lost=$!
until [[ $(sql "select count(*) from outbox_job where status = 'RUNNING'") == 50 ]]; do sleep 0.02; done
start_worker -- "$folder/handler"
killed=${EPOCHREALTIME/./}
kill -KILL "$lost"
until [[ $(sql "select count(*) from outbox_job where status = 'DONE'") == 50 ]]; do sleep 0.02; done
at_most 'kill -9: another one did them after' $(((${EPOCHREALTIME/./} - killed) / 1000)) 2100 ms
end_worker

# memory
peak_of() { # JOBS in the queue; sets $peak, in kB, of a worker that does $jobs of them
  local kb
  new_table two
  add_jobs "$1"
  rc-job-run --limit "$few" -- "$folder/handler" >/dev/null &
  peak=0
  while kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$!/status" 2>/dev/null) && [[ $kb ]]; do peak=$kb; done
  wait "$!"
}
peak_of "$jobs"
short=$peak
peak_of 1000000
at_most "memory: 1,000,000 queued ($peak kB)" "$(awk -v a="$peak" -v b="$short" 'BEGIN { printf "%.2f", a / b }')" 1.1 "of that with $jobs"

# what the trigger costs those who add jobs, one in a transaction
# shellcheck disable=SC2016 # no shell's
printf '%s\n' "insert into outbox_job ($columns) values ('A', md5(random()::text || clock_timestamp()), '{}', 'PENDING', 0, now(), now(), now())" >"$folder/add.sql"
new_table six
for trigger in install remove install remove install remove; do
  rc-job-setup "$trigger" >/dev/null
  pgbench -n -f "$folder/add.sql" -c1 -T2 -M prepared "$DATABASE_URL" 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p' | awk '{ printf "%d\n", 1e6 / $1 }' >>"$folder/added-$trigger.times"
done
printf '%-34s %s us an INSERT, without %s us\n' 'added with the trigger' "$(median added-install)" "$(median added-remove)"
sql 'drop table outbox_job' 'drop schema rc cascade'
exit $code
