# shellcheck disable=SC2030,SC2031,SC2034 # each test is a process of its own
load ../helper
load ../jobs

setup() {
  started=()
  new_database timetracker
}

teardown() { end_started; }

# TimeTracker's own enqueue: save_day.
enqueue() { # EMPLOYEE DAY
  sql "insert into outbox_job (job_type, dedup_key, payload_json, status, attempts, run_after, last_error, created_at, updated_at)
       values ('TIMESHEET_DAY_SAVED', 'timesheet:day_saved:$1:$2', jsonb_build_object('employee_id', $1, 'date', '$2'), 'PENDING', 0,
         clock_timestamp(), null, clock_timestamp(), clock_timestamp())"
}

worker_is_idle="select exists (select from pg_stat_activity where application_name like 'timetracker-worker-run%' and datname = current_database()
  and state = 'idle' and query not like 'listen%')"

@test "upstream's lines, and what its worker leaves in the table" {
  enqueue 1 2026-11-21
  before=$(sql "select to_jsonb(o) - 'status' - 'updated_at' from outbox_job o")
  start timetracker-worker-run --poll-seconds 0.2
  wait_until "select count(*) = 1 from outbox_job where status = 'DONE'"
  enqueue 1 2026-11-22
  wait_until "select count(*) = 2 from outbox_job where status = 'DONE'"
  kill -TERM "$group"
  finish
  [ "$ended" = 'exit 0' ]
  [ "$(cat "$BATS_TEST_TMPDIR/out")" = 'Starting Outbox Worker (poll_seconds=0.2, max_jobs=50)

SIGTERM received, initiating graceful shutdown...
Outbox Worker stopped gracefully' ]
  [ ! -s "$BATS_TEST_TMPDIR/err" ]
  [ "$(sql "select to_jsonb(o) - 'status' - 'updated_at' from outbox_job o where id = 1")" = "$before" ]
}

@test "INT ends it as TERM does, at once whatever --poll-seconds is" {
  start timetracker-worker-run --poll-seconds 1000
  wait_until "$worker_is_idle"
  kill -INT "$group"
  finish
  [ "$ended" = 'exit 0' ]
  [ "$(tail -n 1 "$BATS_TEST_TMPDIR/out")" = 'Outbox Worker stopped gracefully' ]
}

@test "an unknown type and a payload that is no object fail as upstream has it" {
  add_jobs 1 NO_SUCH_TYPE
  sql "insert into outbox_job (job_type, dedup_key, payload_json, status, attempts, run_after, created_at, updated_at)
       values ('TIMESHEET_DAY_SAVED', 'list', '[1, 2]', 'PENDING', 0, now(), now(), now()),
         ('TIMESHEET_DAY_SAVED', 'empty', '{}', 'PENDING', 0, now(), now(), now()),
         ('NO_SUCH_TYPE', 'last', '{}', 'PENDING', 9, now(), now(), now())"
  run -0 --separate-stderr timetracker-worker-run --once
  [ "$output" = 'Starting Outbox Worker (poll_seconds=2.0, max_jobs=50)
Outbox Worker stopped gracefully' ]
  [ "$(sql "select id, status, attempts, split_part(last_error, E'\n', 1) from outbox_job order by id")" = \
    "1|PENDING|1|ValueError: Unknown job_type: NO_SUCH_TYPE. Available handlers: ['TIMESHEET_DAY_SAVED']
2|PENDING|1|AttributeError: 'list' object has no attribute 'get'
3|DONE|0|
4|FAILED|10|ValueError: Unknown job_type: NO_SUCH_TYPE. Available handlers: ['TIMESHEET_DAY_SAVED']" ]
  [[ $stderr == *"Job 1 (NO_SUCH_TYPE) failed (attempt 1/10). Scheduled retry after 2.0s. Error: ValueError: Unknown job_type: NO_SUCH_TYPE."* ]]
  [[ $stderr == *"Job 4 (NO_SUCH_TYPE) marked as FAILED after 10 attempts. Last error: ValueError: "* ]]
}

@test "wrong options have upstream's codes and words" {
  run -2 --separate-stderr timetracker-worker-run --max-jobs x
  [ "${stderr_lines[-1]}" = "timetracker-worker-run: error: argument --max-jobs: invalid int value: 'x'" ]
  run -2 --separate-stderr timetracker-worker-run --poll-seconds x
  [ "${stderr_lines[-1]}" = "timetracker-worker-run: error: argument --poll-seconds: invalid float value: 'x'" ]
  run -1 timetracker-worker-run --poll-seconds=-1
  [ "$output" = 'Worker crashed with error: ValueError: sleep length must be non-negative' ]
}

@test "--exclusive holds the jobs, and leaves the same in the table" {
  enqueue 1 2026-11-21
  before=$(sql "select to_jsonb(o) - 'status' - 'updated_at' from outbox_job o")
  run -0 --separate-stderr timetracker-worker-run --exclusive --once
  [ "$output" = 'Starting Outbox Worker (poll_seconds=2.0, max_jobs=50)
Outbox Worker stopped gracefully' ]
  [ "$(sql "select to_jsonb(o) - 'status' - 'updated_at' from outbox_job o where status = 'DONE'")" = "$before" ]
}

@test "--json: a record for each job, and the counts" {
  enqueue 2 2026-11-21
  run -0 --separate-stderr timetracker-worker-run --once --json
  [ "${lines[0]}" = '{"id":1,"job_type":"TIMESHEET_DAY_SAVED","status":"done","attempts":0}' ]
  [ "${lines[-1]}" = '{"claimed":1,"done":1,"retried":0,"failed":0,"returned":0,"late":0}' ]
}

@test "beside upstream's worker no job is done twice and none is left" {
  for i in {1..40}; do enqueue "$i" 2026-11-21; done
  start timetracker-worker-run --max-jobs 3 --poll-seconds 0.1
  for _ in {1..60}; do # upstream's three statements, one job after the other
    sql "with one as (update outbox_job set status = 'RUNNING', last_error = 'theirs', updated_at = now()
         where id = (select id from outbox_job where status = 'PENDING' and run_after <= now() order by run_after limit 1) and status = 'PENDING' returning id)
         select id from one" >"$BATS_TEST_TMPDIR/theirs"
    id=$(cat "$BATS_TEST_TMPDIR/theirs")
    [ ! "$id" ] || sql "update outbox_job set status = 'DONE', updated_at = now() where id = $id and status = 'RUNNING' and last_error = 'theirs'"
  done
  wait_until "select count(*) = 40 from outbox_job where status = 'DONE'"
  kill -TERM "$group"
  finish
  [ ! -s "$BATS_TEST_TMPDIR/err" ]
}
