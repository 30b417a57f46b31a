# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load recotem/helper
load jobs

setup() { new_database timetracker; }

@test "a statement with the names of the map, and another map" {
  run -0 rc-job-sql stats.sql
  [[ $output == 'select job."job_type" as job_type'*'from "outbox_job" as job'* ]]
  jq -c '.table = "my jobs" | .last_error = null' "$(rc_share)/maps/outbox.json" >"$BATS_TEST_TMPDIR/map"
  run -0 rc-job-sql --map "$BATS_TEST_TMPDIR/map" list.sql
  [[ $output == *'from "my jobs" as job'* && $output != *last_error* ]]
}

@test "no such statement, none, or a path" {
  run -100 --separate-stderr rc-job-sql nothing.sql
  [[ $stderr == 'rc-job-sql: cannot open '*'/nothing.sql: No such file or directory' ]]
  for arguments in '' './list.sql' 'list.sql add.sql'; do
    # shellcheck disable=SC2086 # words
    run -100 --separate-stderr rc-job-sql $arguments
    [ "${stderr_lines[-1]}" = 'rc-job-sql: the name of one statement is needed' ]
  done
}
