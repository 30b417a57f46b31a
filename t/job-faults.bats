# shellcheck disable=SC2030,SC2031 # each test is a process of its own
# shellcheck disable=SC2016 # handlers expand it
load recotem/helper
load jobs
load standby

# What happens to servers, clocks and workers while rc-job-run works: each with real processes.

setup() {
  started=()
  cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
  end_started
  stop_servers "$BATS_TEST_TMPDIR"
}

# Takes 5 ms for each job and notes it before.
slow_handler=(sh -c 'while read -r job; do id=${job#*:}; id=${id%%,*}; echo "$id" >>effects; sleep 0.005; echo "{\"id\":$id,\"status\":\"done\"}"; done')

# handler BODY: makes ./handler, a program that runs BODY for each job, whose id is in $id; done_ says that it is done.
handler() {
  printf '#!/bin/bash\ndone_() { printf "{\\"id\\":%%s,\\"status\\":\\"done\\"}\\n" "$id"; }\nwhile IFS= read -r job; do id=${job#*:} id=${id%%%%,*}\n%s\ndone\n' "$1" >handler
  chmod +x handler
}

# ---- servers that fail ----

# Two servers, the second a standby that has what the first has committed; DATABASE_URL leads to the one that can be written to.
two_servers() {
  server_and_standby "$BATS_TEST_TMPDIR"
  psql -XAtq "postgresql://postgres@/postgres?host=$one" -c "alter system set synchronous_standby_names = '*'" -c 'select pg_reload_conf()' >/dev/null
  export DATABASE_URL="postgresql://postgres@/postgres?host=$one,$two&target_session_attrs=read-write"
}

@test "a server that crashes in mid-batch and comes back, and then a standby in its place: each job is done, none is left running" {
  two_servers
  add_outbox
  rc-job-setup install >/dev/null
  add_jobs 600
  start rc-job-run -- "${slow_handler[@]}"
  rc-job-run --hold -- "${slow_handler[@]}" >/dev/null 2>hold.err 3>&- &
  started+=("$!")
  wait_until "select count(*) >= 50 from outbox_job where status = 'DONE'"
  server "$one" restart -m immediate
  wait_until "select count(*) >= 150 from outbox_job where status = 'DONE'"
  server "$one" stop -m immediate
  server "$two" promote
  wait_until "select count(*) = 600 from outbox_job where status = 'DONE'"
  kill -TERM "$group" "${started[-1]}"
  finish
  [ "$ended" = 'exit 0' ]
  wait "${started[-1]}"
  [ "$(sort -u effects | wc -l)" = 600 ]
  [ "$(sql 'show port') $(sql 'show unix_socket_directories')" = "5432 $two" ]
  grep -q 'trying again$' err
  grep -q 'trying again$' hold.err
}

@test "a server whose disk is full: the worker waits until there is room, and each job is done" {
  need_small
  cat >script <<'END'
cd "$1"
psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" -f schema.sql
rc-job-setup install >/dev/null
head -c 200m /dev/zero >"$TMPDIR/filler" 2>/dev/null || :
rc-job-run $2 -- ./handler >out 2>err &
until grep -q 'No space left on device' err; do sleep 0.01; done
rm "$TMPDIR/filler"
until [ "$(psql -XAtq "$DATABASE_URL" -c "select count(*) from outbox_job where status = 'DONE'")" = 300 ]; do sleep 0.02; done
kill -TERM "$!"
wait "$!"
END
  { sed -n '/^CREATE TABLE outbox_job/,/^CREATE TABLE [^o]/{/^CREATE TABLE [^o]/!p}' "$(rc_share)/sql/timetracker/schema.sql"
    echo "insert into outbox_job (job_type, dedup_key, payload_json, status, attempts, run_after, created_at, updated_at)
      select 'A', n, to_jsonb((select string_agg(md5(n::text || i), '') from generate_series(1, 30) i)), 'PENDING', 0, now(), now(), now() from generate_series(1, 300) n;"
  } >schema.sql
  handler 'done_'
  for mode in '' --hold; do
    mkdir -p small
    TMPDIR=$BATS_TEST_TMPDIR/small run -0 small size=100m timeout 100 rc-postgres --set fsync=off -- bash -euo pipefail script "$BATS_TEST_TMPDIR" "$mode"
    [ "$(cat out)" = '{"claimed":300,"done":300,"retried":0,"failed":0,"returned":0,"late":0}' ]
  done
}

# ---- clocks and stops ----

@test "a worker whose clock is an hour off, or goes back: what is due, and when, is the server's to say" {
  new_database timetracker
  make_fail_calls
  handler '[ $((id % 2)) = 0 ] || { done_; continue; }
    echo "{\"id\":$id,\"status\":\"retry\"}"'
  for words in clock-ahead clock-back; do
    for mode in '' --hold; do
      sql 'truncate outbox_job restart identity'
      add_jobs 2
      sql "insert into outbox_job (job_type, dedup_key, payload_json, status, attempts, run_after, created_at, updated_at)
           values ('A', 'later', '{}', 'PENDING', 0, now() + interval '30 minutes', now(), now())"
      # shellcheck disable=SC2086 # none or one
      failing "$words" rc-job-run $mode --once -- ./handler >/dev/null
      [ "$(job_counts)" = 'DONE 0 1, PENDING 0 1, PENDING 1 1' ]
      [ "$(sql "select round(extract(epoch from run_after - updated_at)) from outbox_job where attempts = 1")" = 2 ]
      [ "$(sql "select bool_and(updated_at between now() - interval '1 minute' and now()) from outbox_job")" = t ]
    done
  done
}

@test "--hold: a worker that is stopped for longer than its session lasts drops its verdicts, and goes on" {
  new_database timetracker
  add_jobs 2
  handler 'touch begun; until [ -e go ]; do sleep 0.01; done; done_'
  start rc-job-run --hold --report all -- ./handler
  until [ -e begun ]; do sleep 0.01; done
  kill -STOP "$group"
  sql "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'rc-job-run%' and datname = current_database()" >/dev/null
  wait_until_session_gone
  touch go
  handler 'echo "{\"id\":$id,\"status\":\"failed\",\"error\":\"theirs\"}"'
  run -0 rc-job-run --once -- ./handler
  kill -CONT "$group"
  wait_for '2 verdicts came too late: the jobs are no longer ours' err
  [ "$(job_counts)" = 'FAILED 1 2' ]
  add_jobs 1
  wait_for '"id":3,"job_type":"A","status":"done"'
  kill -TERM "$group"
  finish
  [ "$ended" = 'exit 0' ]
}

@test "a worker that is stopped for longer than --job-timeout takes the verdicts that came meanwhile" {
  new_database timetracker
  add_jobs 3
  handler 'touch begun; until [ -e go ]; do sleep 0.01; done; done_; touch "did-$id"'
  start rc-job-run --once --job-timeout 300ms --in-flight 3 -- ./handler
  until [ -e begun ]; do sleep 0.01; done
  kill -STOP "$group"
  touch go
  until [ -e did-3 ]; do sleep 0.01; done
  sleep 0.4
  kill -CONT "$group"
  finish
  [ "$(job_counts)" = 'DONE 0 3' ]
}

# RC_TEST_JOBS: `make soak` has the time to wait for the server's own limit.
@test "--hold: a worker that is stopped at any moment for longer than ten seconds loses its jobs to others" {
  [ "${RC_TEST_JOBS-}" ] || skip 'eleven seconds, in make soak'
  new_database timetracker
  add_jobs 2
  handler 'touch begun; sleep 100'
  start rc-job-run --hold -- ./handler
  until [ -e begun ]; do sleep 0.01; done
  kill -STOP "$group"
  handler 'done_'
  wait_until_session_gone
  run -0 rc-job-run --once -- ./handler
  [ "$(job_counts)" = 'DONE 0 2' ]
}
