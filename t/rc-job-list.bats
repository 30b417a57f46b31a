# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load recotem/helper
load jobs

setup() { new_database timetracker; }

@test "jobs, the latest first, by status and type" {
  add_jobs 2 A
  add_jobs 1 B
  sql "update outbox_job set status = 'FAILED', last_error = E'first\nsecond' where id = 2"
  run -0 rc-job-list --json
  [ "$(jq -c 'select(.id) | [.id, .status, .job_type]' <<<"$output")" = $'[3,"PENDING","B"]\n[2,"FAILED","A"]\n[1,"PENDING","A"]' ]
  run -0 rc-job-list --status failed
  [[ $output == '2  FAILED  A  attempts 0  due '*'  first' ]]
  run -0 rc-job-list --type A --limit 1
  [ "${#lines[@]}" = 1 ]
  run -0 rc-job-list --type C
  [ -z "$output" ]
}

@test "a status that there is not is no empty list" {
  add_jobs 1
  run -1 --separate-stderr rc-job-list --status runing
  [ "$stderr" = "rc-job-list: no job has the status 'runing'; there are PENDING, RUNNING, DONE, FAILED" ]
  run -0 --separate-stderr rc-job-list --status running
  [ -z "$output$stderr" ]
  sql "update outbox_job set status = 'PARKED'"
  run -0 rc-job-list --status parked
  [[ $output == '1  PARKED  A '* ]]
}

@test "a table that is not there" {
  sql 'drop table outbox_job'
  run -1 --separate-stderr rc-job-list
  [[ $stderr == *'relation "outbox_job" does not exist (42P01): is this the right database, and has every migration of the product run?' ]]
}
