# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load recotem/helper
load jobs

setup() {
  started=()
  new_database timetracker
  cd "$BATS_TEST_TMPDIR" || return
}

teardown() { end_started; }

slow_handler=(sh -c 'while read -r job; do id=${job#*:}; id=${id%%,*}; echo "$id" >>effects; sleep 0.005; echo "{\"id\":$id,\"status\":\"done\"}"; done')

@test "it is made once and again, and taken away; the table's columns and indexes stay" {
  before=$(sql "select indexdef from pg_indexes where schemaname = 'public' order by 1")
  for _ in 1 2; do
    run -0 --separate-stderr rc-job-setup install
    [ "$output" = '{"table":"outbox_job","status":"installed"}' ]
    [ -z "$stderr" ]
  done
  [ "$(sql "select tgname from pg_trigger where tgrelid = 'outbox_job'::regclass and not tgisinternal")" = rc_job_notify ]
  run -0 rc-job-setup remove
  run -0 rc-job-setup remove
  [ "$(sql "select tgname from pg_trigger where tgrelid = 'outbox_job'::regclass and not tgisinternal")" = '' ]
  [ "$(sql "select indexdef from pg_indexes where schemaname = 'public' order by 1")" = "$before" ]
}

@test "--dry-run leaves nothing" {
  run -0 rc-job-setup --dry-run install
  [ "$output" = '{"table":"outbox_job","status":"would_install"}' ]
  [ "$(sql "select to_regnamespace('rc') is null")" = t ]
}

@test "a missing table, a wrong word" {
  run -100 rc-job-setup
  run -100 rc-job-setup instal
  sql 'drop table outbox_job'
  run -100 --separate-stderr rc-job-setup install
  [[ $stderr == 'rc-job-setup: setup-trigger.sql: relation "outbox_job" does not exist (42P01)' ]]
}

@test "a job that is added is begun at once" {
  rc-job-setup install
  start rc-job-run --poll-seconds 1000 --report all -- jq --unbuffered -c '{id, status: "done"}'
  wait_until "select exists (select from pg_stat_activity where application_name like 'rc-job-run%' and datname = current_database() and state = 'idle' and query not like 'listen%')"
  add_jobs 1
  wait_for '"status":"done"'
}

@test "kill -9 at any moment: another worker takes the jobs over at once, each is done, none is left running" {
  random_rounds 3
  rc-job-setup install
  for _ in "${rounds[@]}"; do
    sql 'truncate outbox_job restart identity'
    rm -f effects
    add_jobs 400
    start rc-job-run -- "${slow_handler[@]}"
    random_moment 800
    kill -KILL "$group"
    finish
    start rc-job-run -- "${slow_handler[@]}"
    wait_until "select count(*) = 400 from outbox_job where status = 'DONE'"
    kill -TERM "$group"
    finish
    [ "$ended" = 'exit 0' ]
    [ "$(sort -u effects | wc -l)" = 400 ]
    [ "$(sql 'select coalesce(max(attempts), 0) <= 1 from outbox_job')" = t ]
  done
}

@test "workers that start at the same moment have each a lock of their own" {
  rc-job-setup install
  for _ in $(seq 24); do
    rc-job-run -- cat >/dev/null 2>&1 3>&- &
    started+=("$!")
  done
  wait_until "select count(*) = 24 and count(distinct (classid, objid)) = 24 from pg_locks where locktype = 'advisory' and granted
    and database = (select oid from pg_database where datname = current_database())"
}

# begin_worker N: number N, with the options in mode.
begin_worker() {
  rc-job-run "${mode[@]}" --max-jobs 50 -- "${slow_handler[@]}" >/dev/null 2>&1 3>&- &
  workers[$1]=$!
  started+=("$!")
}

# RC_TEST_JOBS of them in `make soak`, which has more to kill in.
@test "of six workers that are killed at ten moments, any moment, and begun anew, no job is lost or left running, held or leased" {
  local jobs=${RC_TEST_JOBS:-400} mode n one
  rc-job-setup install
  for mode in '' --hold; do
    mode=(${mode:+"$mode"})
    sql 'truncate outbox_job restart identity'
    rm -f effects
    add_jobs "$jobs"
    workers=()
    for n in 0 1 2 3 4 5; do begin_worker "$n"; done
    for n in {1..10}; do
      random_moment $((jobs / 4))
      one=$((RANDOM % 6))
      kill -KILL "${workers[one]}"
      wait "${workers[one]}" || :
      begin_worker "$one"
    done
    wait_until "select count(*) = $jobs from outbox_job where status = 'DONE'"
    for n in 0 1 2 3 4 5; do kill -TERM "${workers[n]}" && wait "${workers[n]}"; done
    [ "$(sort -u effects | wc -l)" = "$jobs" ]
    [ "$(sql "select count(*) from outbox_job where status <> 'DONE'")" = 0 ]
  done
}

@test "a worker whose session is ended keeps its jobs, or another one has them; none is left" {
  rc-job-setup install
  add_jobs 300
  start rc-job-run -- "${slow_handler[@]}"
  rc-job-run --max-jobs 20 -- "${slow_handler[@]}" >/dev/null 2>&1 3>&- &
  started+=("$!")
  for _ in 1 2 3; do
    sleep 0.2
    sql "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'rc-job-run%' and datname = current_database()" >/dev/null
  done
  wait_until "select count(*) = 300 from outbox_job where status = 'DONE'"
}

@test "notes of claims do not pile up" {
  rc-job-setup install
  add_jobs 3000
  rc-job-run --once -- jq --unbuffered -c '{id, status: "done"}'
  wait_until_session_gone # where its lock is held still, it might live
  rc-job-run --once -- true
  [ "$(sql 'select count(*) from rc.job_claim')" = 1 ]
}

@test "a job whose workers are killed time and again fails at the limit" {
  rc-job-setup install
  add_jobs 1
  for attempts in 1 2 3; do
    start rc-job-run --attempts 3 --poll-seconds 0.1 -- sh -c 'while read -r job; do sleep 100; done'
    wait_until "select status = 'RUNNING' and attempts = $attempts - 1 from outbox_job"
    kill -KILL "$group"
    finish
    wait_until_session_gone
  done
  run -0 rc-job-run --once --attempts 3 -- sh -c 'touch begun; cat'
  [ "$(job_counts)" = 'FAILED 3 1' ]
  [ ! -e begun ]
}

@test "claims in tables of the same name in two schemas are not confused" {
  rc-job-setup install
  sql 'create schema other; create table other.outbox_job (like public.outbox_job including all)'
  add_jobs 1
  start rc-job-run -- sh -c 'while read -r job; do sleep 100; done'
  wait_until "select status = 'RUNNING' from outbox_job"
  kill -KILL "$group"
  finish
  wait_until_session_gone
  RC_SCHEMA=other run -0 rc-job-run --once -- cat
  RC_SCHEMA=other run -0 rc-job-setup remove
  run -0 timeout 20 rc-job-run --limit 1 -- jq --unbuffered -c '{id, status: "done"}'
  [ "$(job_counts)" = 'DONE 1 1' ]
}

@test "a table with a name of 63 bytes can be added to, and its workers hear of it" {
  name=$(printf 'ż%.0s' {1..31})x
  sql "alter table outbox_job rename to $name"
  jq --arg name "$name" '.table = $name' "$(rc_share)/maps/outbox.json" >map.json
  rc-job-setup --map ./map.json install
  start rc-job-run --map ./map.json --poll-seconds 1000 --report all -- jq --unbuffered -c '{id, status: "done"}'
  wait_until "select exists (select from pg_stat_activity where application_name like 'rc-job-run%' and datname = current_database() and state = 'idle' and query not like 'listen%')"
  run -0 rc-job-add --map ./map.json A 1
  wait_for '"status":"done"'
}
