load helper
load jobs

# The handlers that docs/worker.md shows.

setup() {
  new_database timetracker
  cd "$BATS_TEST_TMPDIR" || return
}

# block LANGUAGE: the first block of code of that language.
block() { awk -v "from=\`\`\`$1" '$0 == from { inside = 1; next } inside && /^```/ { exit } inside' "$RC_TEST_FOLDER/../docs/worker.md"; }

@test "each handler that is shown does its jobs" {
  for language in sh jq python c; do
    sql 'truncate outbox_job restart identity'
    add_jobs 20 TIMESHEET_DAY_SAVED '{"employee_id": 1}'
    block "$language" >"handler.$language"
    [ -s "handler.$language" ]
    chmod +x "handler.$language"
    [ "$language" != c ] || gcc -O2 -Wall -Werror -o handler.c.out handler.c
    [ "$language" != c ] || mv handler.c.out handler.c
    run -0 --separate-stderr rc-job-run --once -- "./handler.$language"
    [ "$output" = '{"claimed":20,"done":20,"retried":0,"failed":0,"returned":0,"late":0}' ] || { echo "$language: $output $stderr"; false; }
    [ -z "$stderr" ]
  done
}

@test "Python's says why a job fails" {
  add_jobs 1 TIMESHEET_DAY_SAVED '{}'
  block python >handler
  chmod +x handler
  run -0 rc-job-run --once -- ./handler
  [ "$(sql 'select status, attempts, last_error from outbox_job')" = "PENDING|1|KeyError: 'employee_id'" ]
}
