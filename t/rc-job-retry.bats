# shellcheck disable=SC2030,SC2031 # each test is a process of its own
load recotem/helper
load jobs

setup() { new_database timetracker; }

@test "only jobs that have failed, by id, by type or all; a dry run changes nothing" {
  add_jobs 3 A
  add_jobs 1 B
  sql "update outbox_job set status = 'FAILED', attempts = 10 where id > 1"
  run -0 rc-job-retry --all --dry-run
  [ "$(sort <<<"$output")" = $'2 (A) would be due again\n3 (A) would be due again\n4 (B) would be due again' ]
  [ "$(job_counts)" = 'FAILED 10 3, PENDING 0 1' ]
  run -0 rc-job-retry --id 2
  [ "$output" = '2 (A) due again' ]
  run -0 rc-job-retry --type B
  [ "$output" = '4 (B) due again' ]
  [ "$(job_counts)" = 'FAILED 10 1, PENDING 0 3' ]
}

@test "a job by its id that has not failed, or is not there, is no silence" {
  add_jobs 2
  sql "update outbox_job set status = 'RUNNING' where id = 1"
  run -0 --separate-stderr rc-job-retry --id 1
  [ "$output" = '1 has not failed, and stays as it is' ]
  [ -z "$stderr" ]
  run -0 rc-job-retry --id 1 --json
  [ "$(jq -c '.changed // empty' <<<"$output")" = 0 ]
  for words in 'id 3:3' 'id x:x' 'id 1 --type B:1 of the type B'; do
    # shellcheck disable=SC2086 # words
    run -1 --separate-stderr rc-job-retry --${words%%:*}
    [ "$stderr" = "rc-job-retry: There is no job ${words#*:}." ]
  done
  [ "$(job_counts)" = 'PENDING 0 1, RUNNING 0 1' ]
}

@test "which jobs must be said" {
  run -2 --separate-stderr rc-job-retry
  [ "${stderr_lines[-1]}" = 'rc-job-retry: error: one of --id, --type and --all is needed' ]
}
